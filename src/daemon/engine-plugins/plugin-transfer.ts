/** Plugins from and to registries: an image manifest whose config is a plugin's. */
import { Readable } from 'node:stream';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { type ImageManifest, maxManifestBytes, parseManifest } from '../../oci/manifest.ts';
import { familiarName, type Reference } from '../../oci/reference.ts';
import type { RegistryAuth, RegistryClient } from '../../registry/client/registry-client.ts';
import type { Lease } from '../content/content-store.ts';
import {
  maxPluginConfigBytes,
  type PluginLayer,
  type PluginRecord,
  parsePluginConfig,
  pluginConfigType,
} from './plugin-config.ts';
import { type PluginStorage, unpackLayer } from './plugin-storage.ts';

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

export interface TransferOptions {
  readonly auth: RegistryAuth | undefined;
  readonly signal: AbortSignal;
  onProgress(message: PluginProgress): void;
}

/** A line of Docker's progress stream. */
export interface PluginProgress {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: Readonly<Record<string, number>>;
  readonly aux?: unknown;
}

export interface FetchedPlugin {
  readonly config: PluginRecord['config'];
  readonly configDigest: string;
  readonly manifestDigest: string;
  readonly layers: readonly PluginLayer[];
}

/** Only manifest and config: what the plugin will ask for. */
export async function fetchConfig(
  registry: RegistryClient,
  storage: PluginStorage,
  reference: Reference,
  { auth, signal }: Pick<TransferOptions, 'auth' | 'signal'>,
  lease: Lease,
): Promise<{
  readonly manifest: ImageManifest;
  readonly manifestDigest: Digest;
  readonly config: PluginRecord['config'];
}> {
  const { bytes, descriptor, endpoint } = await registry.fetchManifest(reference, { auth, signal }).catch(unresolved);
  const manifest = parseManifest(Buffer.from(bytes).toString('utf8'), descriptor.mediaType);
  if (manifest.kind !== 'manifest' || manifest.config.mediaType !== pluginConfigType) {
    throw new WharfError('plugin.invalid', 'fetched plugin image but plugin config is missing', {
      status: 500,
      hint: 'It is something else than a plugin, such as an image.',
    });
  }
  const { content } = storage;
  lease.add(descriptor.digest);
  const whole = async () => Readable.from([Buffer.from(bytes)], { objectMode: false });
  await content.ingest({ digest: descriptor.digest, size: bytes.length }, whole, { signal });
  const { config } = manifest;
  if (config.size > maxPluginConfigBytes) throw new WharfError('plugin.invalid', 'the plugin config is too large');
  lease.add(config.digest);
  const open = (offset: number, ingestSignal: AbortSignal) =>
    registry.fetchBlob(reference, config, { auth, signal: ingestSignal, offset, endpoint });
  await content.ingest(config, open, { signal });
  const parsed = parsePluginConfig(await content.read(config.digest, maxPluginConfigBytes));
  return { manifest, manifestDigest: descriptor.digest, config: parsed };
}

export async function fetchPlugin(
  registry: RegistryClient,
  storage: PluginStorage,
  reference: Reference,
  options: TransferOptions,
  lease: Lease,
): Promise<FetchedPlugin> {
  const { auth, signal, onProgress } = options;
  const { manifest, manifestDigest, config } = await fetchConfig(registry, storage, reference, options, lease);
  onProgress({ status: `Pulling from ${familiarName(reference)}`, id: reference.tag ?? '' });
  const layers: PluginLayer[] = [];
  for (const blob of manifest.layers) {
    const id = shortId(blob.digest);
    lease.add(blob.digest);
    onProgress({ status: 'Downloading', progressDetail: { current: 0, total: blob.size }, id });
    const open = (offset: number, ingestSignal: AbortSignal) =>
      registry.fetchBlob(reference, blob, { auth, signal: ingestSignal, offset });
    await storage.content.ingest(blob, open, { signal });
    onProgress({ status: 'Download complete', progressDetail: {}, id });
    const { digest, mediaType, size: sizeBytes } = blob;
    onProgress({ status: 'Extracting', progressDetail: { current: 0, total: blob.size }, id });
    layers.push(await unpackLayer(storage, { digest, mediaType, sizeBytes }, layers.at(-1), signal));
    onProgress({ status: 'Pull complete', progressDetail: {}, id });
  }
  onProgress({ status: `Digest: ${manifestDigest}` });
  return { config, configDigest: manifest.config.digest, manifestDigest, layers };
}

export async function pushPlugin(
  registry: RegistryClient,
  storage: PluginStorage,
  reference: Reference,
  record: PluginRecord,
  options: TransferOptions,
): Promise<void> {
  const { auth, signal, onProgress } = options;
  const { content } = storage;
  onProgress({ status: `The push refers to repository [${familiarName(reference)}]` });
  for (const { digest } of record.layers) onProgress({ status: 'Preparing', progressDetail: {}, id: shortId(digest) });
  for (const { digest, mediaType, sizeBytes } of record.layers) {
    const descriptor = { digest: parseDigest(digest), mediaType, size: sizeBytes };
    await registry.pushBlob(reference, descriptor, () => content.open(descriptor.digest), { auth, signal });
    onProgress({ status: 'Upload complete', progressDetail: {}, id: shortId(digest) });
  }
  const config = parseDigest(record.configDigest);
  const { length } = await content.read(config, maxPluginConfigBytes);
  const configBlob = { digest: config, mediaType: pluginConfigType, size: length };
  await registry.pushBlob(reference, configBlob, () => content.open(config), { auth, signal });
  const manifest = await content.read(parseDigest(record.manifestDigest), maxManifestBytes);
  await registry.pushManifest(reference, manifestType, manifest, { auth, signal });
  const Tag = reference.tag ?? 'latest';
  onProgress({ status: `${Tag}: digest: ${record.manifestDigest} size: ${manifest.length}` });
  onProgress({ progressDetail: {}, aux: { Tag, Digest: record.manifestDigest, Size: manifest.length } });
}

function unresolved(error: unknown): never {
  if (!isWharfError(error)) throw error;
  const { code, hint = '', message } = error;
  throw new WharfError(code, `error resolving plugin reference: ${message}`, { hint, cause: error, status: 500 });
}

/** The manifest of a plugin made here. Registries know plugins by Docker's type, not by OCI's. */
export function manifestOf(
  config: { readonly digest: string; readonly sizeBytes: number },
  layers: readonly PluginLayer[],
): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: pluginConfigType, digest: config.digest, size: config.sizeBytes },
      layers: layers.map(({ digest, mediaType, sizeBytes }) => ({ mediaType, digest, size: sizeBytes })),
    }),
  );
}

function shortId(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
