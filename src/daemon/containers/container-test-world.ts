/** The world the engine tests of this folder are built in: real kernel, runtime, snapshots, volumes and networks; made-up images. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ContainerCreateRequest } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { createEventBus, type EngineEvent } from '../events/event-bus.ts';
import type { ImageRunConfig, ImageService, LocalImage } from '../images/image-service.ts';
import { createContainerLog } from '../logs/file-container-log.ts';
import { createNetworkService } from '../networks/network-service-factory.ts';
import { createRuntime } from '../runtime/conmon-runtime.ts';
import { readDefaultSeccompProfile, readHostFacts } from '../runtime/host-facts.ts';
import { createLayerWorkerPool } from '../snapshots/layer-worker-pool.ts';
import { createOverlaySnapshotter } from '../snapshots/overlay-snapshotter.ts';
import { createVolumeService } from '../volumes/volume-service-factory.ts';
import type { ContainerService } from './container-service.ts';
import { createContainerService } from './create-container-service.ts';

const seccompPath = fileURLToPath(new URL('../../../resources/seccomp/default.json', import.meta.url));
export const testImage = 'busybox:latest';

/** One run of a daemon over the world's folders; ending it leaves containers as they are. */
export interface TestDaemon extends AsyncDisposable {
  readonly containers: ContainerService;
  readonly events: EngineEvent[];
  readonly warnings: string[];
}

export interface TestWorld extends AsyncDisposable {
  readonly root: string;
  daemon(): Promise<TestDaemon>;
}

/** @param imageConfig the config of the one image, `busybox:latest` */
export async function containerTestWorld(imageConfig: ImageRunConfig = { Cmd: ['sh'] }): Promise<TestWorld> {
  const root = mkdtempSync(join(tmpdir(), 'wharf-containers-'));
  const pool = createLayerWorkerPool({ size: 1 });
  const layer = await makeLayer(root);
  const snapshotsRoot = join(root, 'snapshots');
  const first = await createOverlaySnapshotter({ root: snapshotsRoot, pool });
  const chain = { chainId: layer.diffId, parent: undefined, diffId: layer.diffId };
  await first.applyLayer(chain, createReadStream(layer.path), { signal: AbortSignal.timeout(20_000) });
  const instance = randomBytes(3).toString('hex');
  const cgroupParent = `/wharf-test-${instance}`;
  const daemons = new Set<{ end(removeAll: boolean): Promise<void>; containers: ContainerService }>();

  async function daemon(): Promise<TestDaemon> {
    const ended = new AbortController();
    const db = new DatabaseSync(join(root, 'wharf.db'));
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const warnings: string[] = [];
    const warn = (message: string, fields?: unknown) => warnings.push(`${message} ${describe(fields)}`);
    const log = { info() {}, warn };
    const bus = createEventBus();
    const events: EngineEvent[] = [];
    bus.subscribe((event) => events.push(event));
    const execRoot = join(root, 'exec');
    const runtime = await createRuntime({
      execRoot,
      cgroupParent,
      log: warn,
    });
    const networks = createNetworkService({ db, execRoot, instance, events: bus, log });
    const containers = createContainerService({
      db,
      dataRoot: root,
      execRoot,
      images: fakeImages(layer.diffId, imageConfig),
      snapshots: await createOverlaySnapshotter({ root: snapshotsRoot, pool }),
      networks,
      volumes: createVolumeService({
        db,
        root: join(root, 'volumes'),
        subpathRoot: join(execRoot, 'volume-subpaths'),
        events: bus,
        log,
      }),
      runtime,
      openLog: createContainerLog,
      events: bus,
      clock: { nowMs: () => Date.now(), delay: (ms, { signal }) => delay(ms, undefined, { signal }) },
      log,
      signal: ended.signal,
      defaults: { stopTimeoutSeconds: 10, cgroupParent, initPath: undefined },
      machine: readHostFacts(),
      seccompProfile: readDefaultSeccompProfile(seccompPath),
    });
    await containers.reconcile({ signal: ended.signal });
    let over = false;
    const entry = {
      containers,
      async end(removeAll: boolean) {
        if (over) return;
        over = true;
        daemons.delete(entry);
        await containers.shutdown({ stopContainers: false });
        ended.abort();
        await networks.close({ removeAll });
        runtime[Symbol.dispose]();
        db.close();
      },
    };
    daemons.add(entry);
    return { containers, events, warnings, [Symbol.asyncDispose]: () => entry.end(false) };
  }

  return {
    root,
    daemon,
    async [Symbol.asyncDispose]() {
      for (const running of [...daemons]) await running.end(false);
      await using last = await daemon();
      await removeEverything(last.containers);
      for (const running of [...daemons]) await running.end(true);
      await pool[Symbol.asyncDispose]();
      removeCgroups(cgroupParent);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The group above all containers' stays after them; in pure v2 there is one tree, in v1 one for each controller. */
function removeCgroups(parent: string): void {
  for (const tree of ['.', ...readdirSync('/sys/fs/cgroup')]) {
    const group = join('/sys/fs/cgroup', tree, parent);
    if (existsSync(group)) rmdirSync(group);
  }
}

async function removeEverything(containers: ContainerService): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  const all = await containers.list({ all: true, size: false, filters: new Map() }, { signal });
  for (const { Id } of all) await containers.remove(Id, { force: true, volumes: true });
}

function describe(fields: unknown): string {
  return JSON.stringify(fields, (_, value) => (value instanceof Error ? (value.stack ?? value.message) : value));
}

async function makeLayer(root: string) {
  const tree = join(root, 'tree');
  for (const name of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'root', 'data']) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  const busybox = execFileSync('/bin/sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  copyFileSync(busybox, join(tree, 'bin/busybox'));
  for (const applet of [
    'sh',
    'echo',
    'cat',
    'sleep',
    'ls',
    'id',
    'env',
    'true',
    'false',
    'seq',
    'head',
    'stty',
    'dd',
    'hostname',
    'touch',
    'kill',
    'pwd',
  ]) {
    symlinkSync('busybox', join(tree, 'bin', applet));
  }
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nboat:x:1000:1000::/home/boat:/bin/sh\n');
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nboat:x:1000:\n');
  writeFileSync(join(tree, 'data/seed.txt'), 'from the image\n');
  const path = join(root, 'layer.tar');
  execFileSync('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', tree, '-cf', path, '.']);
  const diffId = `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
  return { path, diffId };
}

function fakeImages(topLayer: string, config: ImageRunConfig): ImageService {
  const image: LocalImage = {
    id: `sha256:${'1'.repeat(64)}`,
    platform: { os: 'linux', architecture: 'amd64' },
    config,
    topLayer,
    repoTags: [testImage],
    repoDigests: [],
  };
  const find = (name: string) => (name === testImage || name === 'busybox' || name === image.id ? image : undefined);
  const unused = () => Promise.reject(new WharfError('request.not-implemented', 'not in this world'));
  return {
    manifests: {
      list: () => [],
      inspect: unused,
      create: unused,
      add: unused,
      annotate: unused,
      remove: unused,
      push: unused,
      delete: unused,
    },
    find,
    get(name) {
      const found = find(name);
      if (!found) throw new WharfError('image.not-found', `No such image: ${name}`);
      return found;
    },
    getPlatform: unused,
    isNamed: (reference, imageId) => find(reference)?.id === imageId,
    descendants: () => [],
    pull: unused,
    push: unused,
    list: unused,
    inspect: unused,
    history: unused,
    tag: unused,
    remove: unused,
    prune: unused,
    verify: unused,
    layersSizeBytes: unused,
    save: unused,
    load: unused,
    importRoot: unused,
    commit: async () => image.id,
  };
}

export function request(cmd: readonly string[], more: Partial<ContainerCreateRequest> = {}): ContainerCreateRequest {
  return { Image: testImage, Cmd: cmd, ...more, HostConfig: { NetworkMode: 'none', ...more.HostConfig } };
}
