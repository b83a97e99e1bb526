/**
 * wharfd: the only place where the engine's parts are put together.
 *
 *   pidfile ─ metadata (locks the data root) ─ services ─ reconcile ─ listen ─ "API listening on ..."
 *   SIGTERM, SIGINT: stop listening ─ containers (end, or go on with --live-restore) ─ networks ─ metadata ─ files away
 *   SIGHUP: log level and registries anew from flags and configuration file
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isWharfError } from '../contract/errors.ts';
import { linuxPlatform } from '../oci/platform.ts';
import { createRegistryClient } from '../registry/client/create-registry-client.ts';
import { createContainerService } from './containers/create-container-service.ts';
import { createContentStore } from './content/content-store.ts';
import { daemonHelp } from './daemon-flags.ts';
import { type DaemonOptions, readDaemonCommand } from './daemon-options.ts';
import { createEventBus } from './events/event-bus.ts';
import { createHandlers } from './http/handlers/all-handlers.ts';
import type { EngineServices } from './http/handlers/engine-services.ts';
import { createEngineServer } from './http/http-server.ts';
import { checkListenAddress, type Listener, listenOn } from './http/listen.ts';
import { createImageService } from './images/create-image-service.ts';
import { detectCgroupMode } from './linux/cgroup.ts';
import { createLogger, type LevelledLogger } from './logger.ts';
import { createContainerLog } from './logs/file-container-log.ts';
import { createNetworkService } from './networks/network-service-factory.ts';
import { createRegistrySwitch } from './registry-switch.ts';
import { createRuntime } from './runtime/conmon-runtime.ts';
import { readDefaultSeccompProfile, readHostFacts } from './runtime/host-facts.ts';
import { createSnapshotter } from './snapshots/create-snapshotter.ts';
import { dockerDriverName } from './snapshots/driver-name.ts';
import { createLayerWorkerPool } from './snapshots/layer-worker-pool.ts';
import { buildInfo } from './system/build-info.ts';
import { removeEmptyFolders } from './system/empty-folders.ts';
import { readHostInfo } from './system/host-info.ts';
import { keptValue, openMetadata } from './system/metadata-db.ts';
import { takePidfile } from './system/pidfile.ts';
import { createSystemService } from './system/system-service.ts';
import { createVolumeService } from './volumes/volume-service-factory.ts';

/** The same folder from the source (src/daemon) and from the bundle (out/daemon). */
const seccompPath = fileURLToPath(new URL('../../resources/seccomp/default.json', import.meta.url));
/** How long the end may take when containers go on; when they are stopped, each has its own time besides. */
const shutdownMaxMs = 10_000;
const stopContainersMaxMs = 35_000;

interface RunningEngine {
  readonly services: EngineServices;
  reload(options: DaemonOptions): void;
  close(options: { readonly stopContainers: boolean }): Promise<void>;
}

/** '' for the daemon in the usual place; others are told apart by their exec root. */
function instanceOf(execRoot: string): string {
  return execRoot === '/run/wharf' ? '' : createHash('sha256').update(execRoot).digest('hex').slice(0, 6);
}

function registryOf(options: DaemonOptions) {
  return createRegistryClient({
    mirrors: options.registryMirrors,
    fallbacks: options.registryFallbacks,
    insecureRegistries: options.insecureRegistries,
    userAgent: `wharf/${buildInfo.version} (linux; ${process.arch})`,
  });
}

interface SystemSources {
  readonly db: DatabaseSync;
  readonly log: LevelledLogger;
  readonly options: () => DaemonOptions;
  readonly runtime: Awaited<ReturnType<typeof createRuntime>>;
  readonly snapshots: Awaited<ReturnType<typeof createSnapshotter>>;
  readonly networks: ReturnType<typeof createNetworkService>;
  readonly images: ReturnType<typeof createImageService>;
  readonly containers: ReturnType<typeof createContainerService>;
  readonly events: ReturnType<typeof createEventBus>;
}

function openSystem(parts: SystemSources) {
  return createSystemService({
    engineId: keptValue(parts.db, 'engine-id', randomUUID),
    options: parts.options,
    debug: () => parts.log.level === 'debug',
    host: readHostInfo(detectCgroupMode()),
    runtime: parts.runtime.info,
    storageDriver: dockerDriverName(parts.snapshots),
    containers: parts.containers,
    countImages: async () => (await parts.images.list({ all: false, filters: new Map(), sharedSize: false })).length,
    countEventListeners: () => parts.events.listenerCount(),
    portHolders: (query) => parts.networks.portHolders(query),
    securityOptions: [
      'name=seccomp,profile=builtin',
      ...(parts.runtime.info.cgroupVersion === '2' ? ['name=cgroupns'] : []),
    ],
  });
}

async function openEngine(first: DaemonOptions, db: DatabaseSync, log: LevelledLogger): Promise<RunningEngine> {
  const { dataRoot, execRoot } = first;
  let options = first;
  const ending = new AbortController();
  const instance = instanceOf(execRoot);
  const cgroupParent = instance === '' ? '/wharf' : `/wharf-${instance}`;
  const hostPlatform = linuxPlatform(process.arch);
  const events = createEventBus();
  const registry = createRegistrySwitch(registryOf(options));
  const runtime = await createRuntime({
    execRoot,
    cgroupParent,
    runtimePreference: options.runtime,
    log: (message) => log.warn(message),
  });
  log.info('container runtime', { ...runtime.info });

  const content = createContentStore({ root: `${dataRoot}/content` });
  await content.init();
  const pool = createLayerWorkerPool();
  const snapshots = await createSnapshotter({ root: `${dataRoot}/snapshots`, pool, prefer: options.storageDriver });
  const networks = createNetworkService({ db, execRoot, instance, events, log });
  const volumes = createVolumeService({ db, root: `${dataRoot}/volumes`, events, log });
  const images = createImageService({
    db,
    content,
    snapshots,
    registry,
    events,
    platform: hostPlatform,
    users: { usersOf: (imageId) => containers.usersOf(imageId) },
    signal: ending.signal,
    log,
  });
  const containers = createContainerService({
    db,
    dataRoot,
    execRoot,
    images,
    snapshots,
    networks,
    volumes,
    runtime,
    openLog: createContainerLog,
    events,
    clock: { nowMs: Date.now, delay: (ms, { signal }) => delay(ms, undefined, { signal }) },
    log,
    signal: ending.signal,
    defaults: { stopTimeoutSeconds: 10, cgroupParent, initPath: undefined },
    machine: readHostFacts(),
    seccompProfile: readDefaultSeccompProfile(seccompPath),
  });
  await images.reconcile({ signal: ending.signal });
  await containers.reconcile({ signal: ending.signal });

  const sources = { db, log, options: () => options, runtime, snapshots, networks, images, containers, events };
  const system = openSystem(sources);
  return {
    services: { containers, images, networks, volumes, registry, events, system, hostPlatform },
    reload(next) {
      options = next;
      registry.replace(registryOf(next));
      events.publish('daemon', 'reload', keptValue(db, 'engine-id', randomUUID), {
        name: readHostInfo(detectCgroupMode()).name,
      });
    },
    async close({ stopContainers }) {
      await containers.shutdown({ stopContainers });
      ending.abort();
      await networks.close({ removeAll: stopContainers });
      runtime[Symbol.dispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}

async function listenAll(
  options: DaemonOptions,
  services: EngineServices,
  log: LevelledLogger,
): Promise<readonly Listener[]> {
  const handlers = createHandlers(services);
  const listeners: Listener[] = [];
  try {
    for (const address of options.hosts) {
      const reachableByBrowsers = address.kind === 'tcp';
      const server = createEngineServer({ handlers, log, engineVersion: buildInfo.version, reachableByBrowsers });
      listeners.push(await listenOn(server, address, options.group));
      if (address.kind === 'tcp')
        log.warn('The API listens on TCP without encryption: whoever reaches it has root here.', {
          host: address.host,
        });
    }
  } catch (error) {
    for (const listener of listeners) listener.stopListening();
    throw error;
  }
  return listeners;
}

/** Runs until a signal ends it; answers the exit code. */
async function runDaemon(options: DaemonOptions, argv: readonly string[]): Promise<number> {
  const log = createLogger({ level: options.logLevel, write: (line) => process.stderr.write(line) });
  watchForBugs(log);
  const stop = stopSignals(log);
  process.umask(0o022);
  mkdirSync(options.execRoot, { recursive: true, mode: 0o711 });
  using _pidfile = takePidfile(options.pidfile);
  const db = openMetadata(options.dataRoot);
  for (const address of options.hosts) await checkListenAddress(address, options.group);
  const engine = await openEngine(options, db, log);
  const listeners = await listenAll(options, engine.services, log).catch(async (error: unknown) => {
    await engine.close({ stopContainers: false });
    throw error;
  });
  process.on('SIGHUP', () => reload(argv, engine, log));
  for (const { address } of listeners) {
    log.info(`API listening on ${address}`, { readyMs: Math.round(performance.now()) });
    process.stdout.write(`API listening on ${address}\n`);
  }
  await stop;
  const stopContainers = !options.liveRestore;
  for (const listener of listeners) listener.stopListening();
  const limitMs = stopContainers ? stopContainersMaxMs : shutdownMaxMs;
  const closed = await Promise.race([
    engine.close({ stopContainers }).then(() => true),
    delay(limitMs, false, { ref: false }),
  ]);
  if (!closed)
    log.warn('The end took too long; containers that still run are taken over by the next daemon.', { limitMs });
  for (const listener of listeners) listener.closeConnections();
  db.close();
  // Before the pidfile goes: a daemon started right now would be using these folders.
  if (closed) await removeEmptyFolders(options.execRoot);
  log.info('wharfd has ended');
  return closed ? 0 : 1;
}

/** Resolves at the first SIGTERM or SIGINT; a third one ends the process at once, as dockerd's does. */
function stopSignals(log: LevelledLogger): Promise<void> {
  let asked = 0;
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      asked += 1;
      log.info('asked to end', { signal });
      resolve();
      if (asked >= 3) process.exit(1);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function reload(argv: readonly string[], engine: RunningEngine, log: LevelledLogger): void {
  try {
    const command = readDaemonCommand(argv);
    if (command.kind !== 'run') return;
    log.setLevel(command.options.logLevel);
    engine.reload(command.options);
    log.info('configuration reloaded', { level: command.options.logLevel });
  } catch (error) {
    log.error('the configuration was not reloaded', { error });
  }
}

/** A connection that breaks unwatched is logged; anything else unexpected leaves a state nobody knows, so the daemon ends. */
function watchForBugs(log: LevelledLogger): void {
  process.on('unhandledRejection', (error) => log.error('unhandled rejection', { error }));
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    log.error('uncaught exception', { error });
    if (!['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'].includes(error.code ?? ''))
      process.exit(70);
  });
}

async function main(argv: readonly string[]): Promise<number> {
  const command = readDaemonCommand(argv);
  switch (command.kind) {
    case 'help':
      process.stdout.write(daemonHelp());
      return 0;
    case 'version':
      process.stdout.write(`Wharf version ${buildInfo.version}, build ${buildInfo.commit}\n`);
      return 0;
    case 'validate':
      process.stdout.write('configuration OK\n');
      return 0;
    case 'run':
      return await runDaemon(command.options, argv);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`wharfd: ${error instanceof Error ? error.message : String(error)}\n`);
  if (isWharfError(error) && error.hint) process.stderr.write(`hint: ${error.hint}\n`);
  else if (!isWharfError(error) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
}
// Whatever still holds the loop (a keep-alive connection, a timer) shall not keep an ended daemon.
process.exit();
