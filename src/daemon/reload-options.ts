/**
 * What SIGHUP changes: the settings that dockerd takes anew while it runs, and Wharf's own. The others stay as they were
 * until the next start. Pure.
 */
import type { DaemonOptions } from './daemon-options.ts';

/** The options to go on with. */
export function reloadedOptions(current: DaemonOptions, next: DaemonOptions): DaemonOptions {
  const { shmSizeBytes, ipcMode, cgroupnsMode, runtimes } = next.containers;
  return {
    ...current,
    debug: next.debug,
    logLevel: next.logLevel,
    labels: next.labels,
    features: next.features,
    liveRestore: next.liveRestore,
    shutdownTimeoutSeconds: next.shutdownTimeoutSeconds,
    maxConcurrentDownloads: next.maxConcurrentDownloads,
    maxConcurrentUploads: next.maxConcurrentUploads,
    maxDownloadAttempts: next.maxDownloadAttempts,
    insecureRegistries: next.insecureRegistries,
    registryMirrors: next.registryMirrors,
    registryFallbacks: next.registryFallbacks,
    trustPolicy: next.trustPolicy,
    authorizationPlugins: next.authorizationPlugins,
    defaultRuntime: next.defaultRuntime,
    runtime: next.runtime,
    containers: { ...current.containers, shmSizeBytes, ipcMode, cgroupnsMode, runtimes },
  };
}

/** Names of settings that the file has another value for now, and that need a restart. */
export function needsRestart(current: DaemonOptions, next: DaemonOptions): readonly string[] {
  const reloaded = reloadedOptions(current, next);
  const names = Object.keys(next) as (keyof DaemonOptions)[];
  return names.filter((name) => name !== 'warnings' && !same(reloaded[name], next[name]));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** dockerd's attributes of the event `daemon reload`. */
export function reloadAttributes(
  options: DaemonOptions,
  facts: { readonly name: string; readonly defaultRuntime: string; readonly cgroupnsMode: string },
): Readonly<Record<string, string>> {
  const { containers } = options;
  return {
    name: facts.name,
    debug: String(options.debug),
    'default-cgroupns-mode': containers.cgroupnsMode ?? facts.cgroupnsMode,
    'default-ipc-mode': containers.ipcMode,
    'default-runtime': facts.defaultRuntime,
    'default-shm-size': String(containers.shmSizeBytes),
    features: goMap(options.features),
    'insecure-registries': JSON.stringify(options.insecureRegistries),
    labels: JSON.stringify(options.labels),
    'live-restore': String(options.liveRestore),
    'max-concurrent-downloads': String(options.maxConcurrentDownloads),
    'max-concurrent-uploads': String(options.maxConcurrentUploads),
    'max-download-attempts': String(options.maxDownloadAttempts),
    'registry-mirrors': JSON.stringify(options.registryMirrors),
    runtimes: Object.entries(containers.runtimes)
      .map(([name, { path }]) => `${name}:${path}`)
      .join(' '),
    'shutdown-timeout': String(options.shutdownTimeoutSeconds),
  };
}

function goMap(map: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, value]) => `${key}:${String(value)}`).join(' ')}]`;
}
