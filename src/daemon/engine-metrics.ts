/** What of the engine is counted for Prometheus, under dockerd's names, and the process' own figures under the usual ones. */
import { readdirSync } from 'node:fs';
import type { SystemInfo } from '../contract/engine-types.ts';
import type { ContainerService } from './containers/container-service.ts';
import type { EventBus } from './events/event-bus.ts';
import type { ImageService } from './images/image-service.ts';
import type { NetworkService } from './networks/network-service.ts';
import { createMetrics, type Metrics, type Timer } from './system/metrics.ts';

export interface EngineMetrics {
  text(): string;
  /** The same services, with their actions timed. */
  containers<S extends ContainerService>(service: S): S;
  images<S extends ImageService>(service: S): S;
  networks<S extends NetworkService>(service: S): S;
  /** What is known once the engine stands. */
  describe(info: SystemInfo, containers: Pick<ContainerService, 'counts'>): void;
}

export function createEngineMetrics(events: EventBus): EngineMetrics {
  const metrics = createMetrics();
  const timer = (what: string, help: string) => metrics.timer(`engine_daemon_${what}_seconds`, help, 'action');
  const containers = timer('container_actions', 'The number of seconds it takes to process each container action');
  for (const action of ['changes', 'commit', 'create', 'delete', 'start']) containers.announce(action);
  const networks = timer('network_actions', 'The number of seconds it takes to process each network action');
  const images = timer('image_actions', 'The number of seconds it takes to process each image action');
  countEvents(metrics, events);
  processFigures(metrics);
  return {
    text: metrics.text,
    containers(service) {
      countHealthChecks(metrics, events, service);
      return timed(service, containers, containerActions);
    },
    images: (service) => timed(service, images, { pull: 'pull', push: 'push', remove: 'delete', history: 'history' }),
    networks: (service) =>
      timed(service, networks, { openSandbox: 'allocate', connect: 'connect', closeSandbox: 'release' }),
    describe: (info, counted) => describeEngine(metrics, info, counted),
  };
}

const containerActions = { create: 'create', start: 'start', remove: 'delete', changes: 'changes', commit: 'commit' };

/** The service with some of its methods measured; methods that answer at once, without a promise, stay as they are. */
function timed<S extends object>(service: S, timer: Timer, actions: Readonly<Record<string, string>>): S {
  return new Proxy(service, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      const action = typeof name === 'string' ? actions[name] : undefined;
      if (typeof method !== 'function') return method;
      if (action === undefined) return method.bind(target);
      return (...args: readonly unknown[]) =>
        timer.measure(action, async () => await Reflect.apply(method, target, args));
    },
  });
}

function countEvents(metrics: Metrics, events: EventBus): void {
  const logged = metrics.counter('engine_daemon_events_total', 'The number of events logged');
  events.subscribe(() => logged.add());
  // This one and the one that sees health checks.
  const own = 2;
  metrics.sampled(
    'engine_daemon_events_subscribers_total',
    'The number of current subscribers to events',
    'gauge',
    () => [{ value: events.listenerCount() - own }],
  );
}

/** A check is an exec that no client made, so nobody can inspect it; its end says how it went. */
function countHealthChecks(
  metrics: Metrics,
  events: EventBus,
  containers: Pick<ContainerService, 'inspectExec'>,
): void {
  const checks = metrics.counter('engine_daemon_health_checks_total', 'The total number of health checks');
  const failed = metrics.counter(
    'engine_daemon_health_checks_failed_total',
    'The total number of failed health checks',
  );
  events.subscribe(({ Action, Actor: { Attributes } }) => {
    if (Action !== 'exec_die') return;
    containers.inspectExec(Attributes.execID ?? '').catch(() => {
      checks.add();
      if (Attributes.exitCode !== '0') failed.add();
    });
  });
}

function describeEngine(metrics: Metrics, info: SystemInfo, containers: Pick<ContainerService, 'counts'>): void {
  const gauge = (
    name: string,
    help: string,
    read: () => readonly { labels?: Record<string, string>; value: number }[],
  ) => metrics.sampled(`engine_daemon_${name}`, help, 'gauge', read);
  const labels = {
    version: info.ServerVersion,
    architecture: info.Architecture,
    daemon_id: info.ID,
    graphdriver: info.Driver,
    kernel: info.KernelVersion,
    os: info.OperatingSystem,
    os_type: info.OSType,
    os_version: info.OSVersion,
  };
  gauge('engine_info', 'The information related to the engine and the OS it is running on', () => [
    { labels, value: 1 },
  ]);
  gauge('engine_cpus_cpus', 'The number of cpus that the host system of the engine has', () => [{ value: info.NCPU }]);
  gauge('engine_memory_bytes', 'The number of bytes of memory that the host system of the engine has', () => [
    { value: info.MemTotal },
  ]);
  gauge('container_states_containers', 'The count of containers in various states', () => {
    const { running, paused, stopped } = containers.counts();
    return Object.entries({ running, paused, stopped }).map(([state, value]) => ({ labels: { state }, value }));
  });
}

/** As the client libraries name them, and read when they are asked for. */
function processFigures(metrics: Metrics): void {
  const startedSeconds = Date.now() / 1000 - process.uptime();
  metrics.sampled('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', 'counter', () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6 }];
  });
  metrics.sampled('process_resident_memory_bytes', 'Resident memory size in bytes.', 'gauge', () => [
    { value: process.memoryUsage.rss() },
  ]);
  metrics.sampled('process_open_fds', 'Number of open file descriptors.', 'gauge', () => [
    { value: readdirSync('/proc/self/fd').length },
  ]);
  metrics.sampled(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    'gauge',
    () => [{ value: startedSeconds }],
  );
}
