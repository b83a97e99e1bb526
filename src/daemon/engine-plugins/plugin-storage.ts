/**
 * Where managed plugins are kept, apart from images and containers, whose tidying-up must not see them:
 *
 *   <data-root>/plugins/content     configs, layers and manifests by digest
 *   <data-root>/plugins/snapshots   unpacked layers; the writable root of each plugin
 *   <data-root>/plugins/work        uploads on their way in; emptied at the start
 *   <data-root>/plugins/<id>        propagated-mount: what the plugin mounts for others; plugin.log: its output
 *   <exec-root>/plugins/<short id>  its socket
 *   <exec-root>/p                   its runtime's own folder
 *
 * Opened when the first plugin is made or found: an engine without plugins pays nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { WharfError } from '../../contract/errors.ts';
import { parseDigest } from '../../oci/digest.ts';
import { type ContentStore, createContentStore, type Lease } from '../content/content-store.ts';
import { detectCgroupMode } from '../linux/cgroup.ts';
import { createRuntime } from '../runtime/conmon-runtime.ts';
import type { NamedRuntime } from '../runtime/named-runtimes.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createSnapshotter } from '../snapshots/create-snapshotter.ts';
import { decompressedChunks } from '../snapshots/decompress.ts';
import type { LayerWorkerPool } from '../snapshots/layer-worker-pool.ts';
import type { WharfSnapshotter } from '../snapshots/snapshotter-extras.ts';
import { unpackInto } from '../snapshots/tar-reader.ts';
import { packTree } from '../snapshots/tar-writer.ts';
import { maxPluginConfigBytes, type PluginLayer, type PluginRecord, parsePluginConfig } from './plugin-config.ts';
import { readInRoot } from './read-in-root.ts';

export interface PluginPlaces {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly cgroupParent: string;
  readonly pool: LayerWorkerPool;
  readonly storageDriver?: 'overlay' | 'copy' | undefined;
  /** The daemon's own OCI runtimes; plugins run with its default where that is one of them, as with dockerd. */
  readonly namedRuntimes?: () => Readonly<Record<string, NamedRuntime>>;
  readonly defaultRuntime?: () => string | undefined;
  warn(message: string): void;
}

export interface PluginStorage extends Disposable {
  readonly content: ContentStore;
  readonly snapshots: WharfSnapshotter;
  readonly runtime: Runtime;
  /** Its root's writable snapshot: the same for the plugin's life, another after an upgrade. */
  folderOf(id: string): string;
  socketFolderOf(id: string): string;
}

export const gzipLayerType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

export async function openPluginStorage(places: PluginPlaces): Promise<PluginStorage> {
  const root = join(places.dataRoot, 'plugins');
  await mkdir(root, { recursive: true, mode: 0o700 });
  await rm(join(root, 'work'), { recursive: true, force: true });
  const content = createContentStore({ root: join(root, 'content') });
  await content.init();
  const snapshots = await createSnapshotter({
    root: join(root, 'snapshots'),
    pool: places.pool,
    ...(places.storageDriver === undefined ? {} : { prefer: places.storageDriver }),
  });
  const runtime = await createRuntime({
    execRoot: join(places.execRoot, 'p'),
    cgroupParent: places.cgroupParent,
    // There crun runs in a mount namespace of its own, out of which no plugin's mounts would come.
    ...(detectCgroupMode() === 'hybrid' ? { runtimePreference: 'runc' } : {}),
    ...(places.namedRuntimes === undefined ? {} : { namedRuntimes: places.namedRuntimes }),
    log: (message) => places.warn(message),
  });
  return {
    content,
    snapshots,
    runtime,
    folderOf: (id) => join(root, id),
    // A socket's path has 107 bytes.
    socketFolderOf: (id) => join(places.execRoot, 'plugins', id.slice(0, 16)),
    [Symbol.dispose]: () => runtime[Symbol.dispose](),
  };
}

/** What `docker plugin create` sends: config.json and rootfs in one archive. */
export interface UploadedPlugin {
  readonly config: PluginRecord['config'];
  readonly layer: PluginLayer;
}

/** @throws WharfError 'plugin.invalid' with Docker's texts */
export async function takeUpload(
  storage: PluginStorage,
  places: PluginPlaces,
  archive: Readable,
  options: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<UploadedPlugin> {
  const work = join(places.dataRoot, 'plugins/work', randomBytes(8).toString('hex'));
  await mkdir(work, { recursive: true, mode: 0o700 });
  try {
    await unpackInto(work, '/', archive, { signal: options.signal, pool: places.pool });
    const configBytes = readInRoot(work, 'config.json', maxPluginConfigBytes);
    if (configBytes === undefined) throw invalid('config not found');
    const config = parsePluginConfig(configBytes);
    if (!isFolder(work)) throw invalid('no rootfs found: EOF');
    const layer = await packLayer(storage, packTree(work, '/rootfs/.', { signal: options.signal, name: '.' }), options);
    return { config, layer };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function isFolder(work: string): boolean {
  return readInRoot(work, 'rootfs', 0) !== undefined;
}

async function packLayer(
  storage: PluginStorage,
  tar: Readable,
  options: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<PluginLayer> {
  const hash = createHash('sha256');
  tar.on('data', (chunk: Buffer) => hash.update(chunk));
  const packed = tar.pipe(createGzip());
  tar.on('error', (error) => packed.destroy(error));
  const { digest, sizeBytes } = await storage.content.putStream(packed, options);
  const diffId = `sha256:${hash.digest('hex')}`;
  return await unpackLayer(storage, { digest, sizeBytes, mediaType: gzipLayerType }, undefined, options.signal, diffId);
}

/** The lowest first. @param diffId when it is known already; a plugin's config does not tell it truly */
export async function unpackLayer(
  storage: PluginStorage,
  blob: Pick<PluginLayer, 'digest' | 'sizeBytes' | 'mediaType'>,
  parent: PluginLayer | undefined,
  signal: AbortSignal,
  knownDiffId?: string,
): Promise<PluginLayer> {
  const path = storage.content.path(parseDigest(blob.digest));
  const diffId = knownDiffId ?? (await diffIdOf(path, signal));
  const chainId = parent === undefined ? diffId : chained(parent.chainId, diffId);
  if (!storage.snapshots.hasLayer(chainId)) {
    await storage.snapshots.applyBlob({ chainId, parent: parent?.chainId, diffId }, path, { signal });
  }
  return { ...blob, chainId, diffId };
}

/** OCI image spec, config.md: "Layer ChainID". */
function chained(parent: string, diffId: string): string {
  return `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}`;
}

async function diffIdOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of decompressedChunks(createReadStream(path, { signal }))) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

function invalid(message: string): WharfError {
  return new WharfError('plugin.invalid', message, {
    status: 500,
    hint: 'The folder of a plugin holds config.json and rootfs/.',
  });
}

/** The daemon's default runtime, if it is one of the daemon's own; crun and runc are chosen by what a plugin's mounts need. */
export function runtimeOfPlugins({
  namedRuntimes,
  defaultRuntime,
}: Pick<PluginPlaces, 'namedRuntimes' | 'defaultRuntime'>): string | undefined {
  const name = defaultRuntime?.();
  return name !== undefined && namedRuntimes?.()[name] !== undefined ? name : undefined;
}
