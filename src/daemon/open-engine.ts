/**
 * The engine's parts, put together: who gets what. Nothing is decided here; parts that need deciding have files of their own.
 * main.ts makes the process around it: pidfile, metadata, signals, listeners.
 */
import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { linuxPlatform } from '../oci/platform.ts';
import { createRegistryClient } from '../registry/client/create-registry-client.ts';
import { certificateFolders } from '../registry/client/host-certificates.ts';
import { createContainerService } from './containers/create-container-service.ts';
import { createContentStore } from './content/content-store.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { createEngineMetrics } from './engine-metrics.ts';
import { createAuthorization } from './engine-plugins/authorization.ts';
import { dockerPlaces } from './engine-plugins/legacy-discovery.ts';
import { ManagedPlugins } from './engine-plugins/managed-plugins.ts';
import { PluginDirectory } from './engine-plugins/plugin-directory.ts';
import { networkPlugins } from './engine-plugins/remote-network-driver.ts';
import { volumePlugins } from './engine-plugins/remote-volume-driver.ts';
import { containerSettings, proxyEnvironment, readSeccompSetting } from './engine-settings.ts';
import { createEventBus } from './events/event-bus.ts';
import type { EngineServices } from './http/handlers/engine-services.ts';
import { createImageService } from './images/create-image-service.ts';
import type { LevelledLogger } from './logger.ts';
import { createContainerLog } from './logs/file-container-log.ts';
import { checkLogConfig } from './logs/log-config.ts';
import { createNetworkService } from './networks/network-service-factory.ts';
import { createRegistrySwitch } from './registry-switch.ts';
import { needsRestart, reloadAttributes, reloadedOptions } from './reload-options.ts';
import { type RootlessSeat, seatedNetworks } from './run-rootless.ts';
import { createRuntime } from './runtime/conmon-runtime.ts';
import { readDefaultSeccompProfile, readHostFacts } from './runtime/host-facts.ts';
import { shutdownLimitMs } from './shutdown-limit.ts';
import { createSnapshotter } from './snapshots/create-snapshotter.ts';
import { dockerDriverName } from './snapshots/driver-name.ts';
import { layerLimits } from './snapshots/layer-limits.ts';
import { createLayerWorkerPool } from './snapshots/layer-worker-pool.ts';
import { buildInfo } from './system/build-info.ts';
import { readHostInfo } from './system/host-info.ts';
import { keptValue } from './system/metadata-db.ts';
import { createSystemService } from './system/system-service.ts';
import { EvidenceStore } from './trust/evidence-store.ts';
import { PolicySource } from './trust/policy-source.ts';
import { TrustService } from './trust/trust-service.ts';
import { createVolumeService } from './volumes/volume-service-factory.ts';

/** The same folder from the source (src/daemon) and from the bundle (out/daemon). */
const seccompPath = fileURLToPath(new URL('../../resources/seccomp/default.json', import.meta.url));

/** What main.ts holds of a running engine. */
export interface RunningEngine {
  readonly services: EngineServices;
  options(): DaemonOptions;
  /** Answers the names of changed settings that wait for the next start. */
  reload(options: DaemonOptions): readonly string[];
  /** How long the end may take when containers are stopped; undefined: as long as it takes. */
  shutdownLimitMs(): Promise<number | undefined>;
  /** Prometheus' page; undefined without `--metrics-addr`. */
  readonly metricsText: (() => string) | undefined;
  /** What the daemon is doing, for the debug dump. */
  state(): Readonly<Record<string, unknown>>;
  close(options: { readonly stopContainers: boolean }): Promise<void>;
}

/** '' for the daemon in the usual place; others are told apart by their exec root. */
function instanceOf(execRoot: string): string {
  return execRoot === '/run/wharf' ? '' : createHash('sha256').update(execRoot).digest('hex').slice(0, 6);
}

function registryOf(options: DaemonOptions, rootless: RootlessSeat | undefined) {
  return createRegistryClient(
    {
      mirrors: options.registryMirrors,
      fallbacks: options.registryFallbacks,
      insecureRegistries: options.insecureRegistries,
      userAgent: `wharf/${buildInfo.version} (linux; ${process.arch})`,
    },
    {
      // The host's network, its names and its loopback, whatever the engine's own is.
      dial: rootless?.sockets.connectTcp,
      certificateFolders: certificateFolders(rootless !== undefined, process.env),
      environment: proxyEnvironment(options, process.env),
      timeouts: { fruitlessTries: options.maxDownloadAttempts },
    },
  );
}

interface SystemSources {
  readonly engineId: string;
  readonly log: LevelledLogger;
  readonly options: () => DaemonOptions;
  readonly runtime: Awaited<ReturnType<typeof createRuntime>>;
  readonly snapshots: Awaited<ReturnType<typeof createSnapshotter>>;
  readonly networks: ReturnType<typeof createNetworkService>;
  readonly images: ReturnType<typeof createImageService>;
  readonly containers: ReturnType<typeof createContainerService>;
  readonly events: ReturnType<typeof createEventBus>;
  readonly rootless: RootlessSeat | undefined;
  readonly plugins: PluginDirectory;
  readonly machine: ReturnType<typeof readHostFacts>;
}

function openSystem(parts: SystemSources) {
  return createSystemService({
    engineId: parts.engineId,
    options: parts.options,
    debug: () => parts.log.level === 'debug',
    host: readHostInfo(),
    runtime: parts.runtime.info,
    storageDriver: dockerDriverName(parts.snapshots),
    containers: parts.containers,
    countImages: async () => (await parts.images.list({ all: false, filters: new Map(), sharedSize: false })).length,
    countEventListeners: () => parts.events.listenerCount(),
    portHolders: (query) => parts.networks.portHolders(query),
    resources: parts.machine.resources,
    apparmor: parts.machine.apparmor,
    drivers: {
      volume: () => ['local', ...parts.plugins.known('VolumeDriver')],
      network: () => ['bridge', 'host', 'ipvlan', 'macvlan', 'null', ...parts.plugins.known('NetworkDriver')].sort(),
      log: () => ['json-file', 'local'],
    },
    rootless: parts.rootless && { network: parts.rootless.place.network, cgroups: parts.rootless.place.cgroups },
  });
}

export async function openEngine(
  first: DaemonOptions,
  db: DatabaseSync,
  log: LevelledLogger,
  rootless?: RootlessSeat,
): Promise<RunningEngine> {
  const { dataRoot, execRoot } = first;
  let options = first;
  const ending = new AbortController();
  const instance = instanceOf(execRoot);
  const ownCgroup = instance === '' ? '/wharf' : `/wharf-${instance}`;
  const cgroupParent = options.containers.cgroupParent ?? ownCgroup;
  const seccomp = readSeccompSetting(options.containers.seccompProfile);
  checkLogConfig(options.containers.logConfig);
  const hostPlatform = linuxPlatform(process.arch);
  const events = createEventBus();
  // Only when somebody reads them: timing every action costs each a little.
  const metrics = options.metricsAddress === undefined ? undefined : createEngineMetrics(events);
  const registry = createRegistrySwitch(registryOf(options, rootless));
  const runtime = await createRuntime({
    execRoot,
    cgroupParent,
    runtimePreference: options.runtime,
    namedRuntimes: () => options.containers.runtimes,
    log: (message) => log.warn(message),
  });
  const { found, ...chosen } = runtime.info;
  log.info('container runtime', { ...chosen, found: found.map(({ name }) => name).join(',') });
  const machine = readHostFacts();

  const content = createContentStore({ root: `${dataRoot}/content` });
  await content.init();
  const pool = createLayerWorkerPool();
  const limits = layerLimits({ maxBytes: options.layerMaxBytes, maxEntries: options.layerMaxEntries });
  const snapshots = await createSnapshotter({
    root: `${dataRoot}/snapshots`,
    pool,
    limits,
    prefer: options.storageDriver,
  });
  const managed = new ManagedPlugins({
    db,
    places: {
      dataRoot,
      execRoot,
      cgroupParent: `${cgroupParent}-plugins`,
      pool,
      storageDriver: options.storageDriver,
      namedRuntimes: () => options.containers.runtimes,
      defaultRuntime: () => options.defaultRuntime,
      warn: (message) => log.warn(message),
    },
    registry,
    events,
    machine: readHostFacts(),
    engineVersion: buildInfo.version,
    signal: ending.signal,
    usersOf: (name) => volumes.countOfDriver(name) + (options.authorizationPlugins.includes(name) ? 1 : 0),
  });
  const plugins = new PluginDirectory({ places: dockerPlaces, managed, warn: (message) => log.warn(message) });
  const authorization = createAuthorization(plugins, () => options.authorizationPlugins);
  await managed.restore();
  const plainNetworks = createNetworkService({
    db,
    execRoot,
    instance,
    events,
    log,
    hostSockets: rootless?.sockets,
    defaults: seatedNetworks(options.networks, rootless),
    plugins: networkPlugins(plugins),
  });
  const networks = metrics?.networks(plainNetworks) ?? plainNetworks;
  const volumes = createVolumeService({
    db,
    root: `${dataRoot}/volumes`,
    subpathRoot: `${execRoot}/volume-subpaths`,
    plugins: volumePlugins(plugins),
    events,
    log,
  });
  const trust = new TrustService({
    policy: new PolicySource(options.trustPolicy),
    registry,
    evidence: new EvidenceStore(db),
    nowMs: Date.now,
    images: () => images,
  });
  const images = createImageService({
    db,
    content,
    snapshots,
    registry,
    events,
    platform: hostPlatform,
    gate: trust,
    users: { usersOf: (imageId) => containers.usersOf(imageId) },
    signal: ending.signal,
    log,
    maxDownloadsAtOnce: () => options.maxConcurrentDownloads,
    maxUploadsAtOnce: () => options.maxConcurrentUploads,
  });
  const containers = createContainerService({
    db,
    dataRoot,
    execRoot,
    images,
    admitImage: (asked, image) => trust.admitLocal(asked, image),
    snapshots,
    networks,
    volumes,
    runtime,
    openLog: createContainerLog,
    events,
    clock: { nowMs: Date.now, delay: (ms, { signal }) => delay(ms, undefined, { signal }) },
    log,
    signal: ending.signal,
    defaults: {
      stopTimeoutSeconds: 10,
      cgroupParent,
      initPath: options.containers.initPath,
      settings: () => containerSettings(options, seccomp),
    },
    machine,
    seccompProfile: readDefaultSeccompProfile(seccompPath),
  });
  await images.reconcile({ signal: ending.signal });
  await containers.reconcile({ signal: ending.signal });
  await trust.begin((message) => log.warn(message));

  const engineId = keptValue(db, 'engine-id', randomUUID);
  const parts = { engineId, log, options: () => options, runtime, snapshots, networks, images, containers, events };
  const system = openSystem({ ...parts, rootless, machine, plugins });
  metrics?.describe(await system.info(), containers);
  return {
    metricsText: metrics?.text,
    services: {
      containers: metrics?.containers(containers) ?? containers,
      images: metrics?.images(images) ?? images,
      networks,
      volumes,
      plugins: managed,
      authorization,
      registry,
      trust,
      events,
      system,
      hostPlatform,
    },
    options: () => options,
    reload(next) {
      const left = needsRestart(options, next);
      options = reloadedOptions(options, next);
      registry.replace(registryOf(options, rootless));
      trust.reload(options.trustPolicy);
      const { cgroupVersion, name: defaultRuntime } = runtime.info;
      const facts = { name: hostname(), defaultRuntime, cgroupnsMode: cgroupVersion === '2' ? 'private' : 'host' };
      events.publish('daemon', 'reload', engineId, reloadAttributes(options, facts));
      return left;
    },
    shutdownLimitMs: () => shutdownLimitMs(containers, options.shutdownTimeoutSeconds, ending.signal),
    // Without what may hold passwords: proxies' URLs and options of log drivers.
    state: () => ({
      options: { ...options, proxies: undefined, containers: undefined },
      containers: containers.counts(),
      eventListeners: events.listenerCount(),
    }),
    async close({ stopContainers }) {
      await containers.shutdown({ stopContainers });
      await managed.close({ stop: stopContainers });
      ending.abort();
      await networks.close({ removeAll: stopContainers });
      runtime[Symbol.dispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}
