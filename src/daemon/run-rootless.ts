/**
 * `wharfd --rootless`, wired: the parent (rootless/parent.ts) in the host's namespaces, and the engine it starts, which takes
 * the seat that was made for it inside.
 */
import { fileURLToPath } from 'node:url';
import { WharfError } from '../contract/errors.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { createLogger, type LevelledLogger } from './logger.ts';
import type { NetworkDefaults } from './networks/network-defaults.ts';
import { describeHolder, listPortHolders } from './networks/port-holder.ts';
import { type EnginePlace, readPlace, settleIn } from './rootless/engine-place.ts';
import { type HostSockets, hostSocketsOfParent } from './rootless/host-sockets.ts';
import { runRootless } from './rootless/parent.ts';
import { removeEmptyFolders } from './system/empty-folders.ts';

/** @throws WharfError 'request.invalid' when an ordinary user starts the engine of the machine's root */
export function isRootlessParent(options: DaemonOptions): boolean {
  if (options.rootless !== undefined) return readPlace() === undefined;
  if (process.getuid?.() === 0) return false;
  throw new WharfError('request.invalid', 'wharfd needs to be started with root privileges', {
    hint: 'As an ordinary user: wharfd --rootless',
  });
}

/** @param argv the engine's own flags, handed on as they are */
export function runRootlessParent(options: DaemonOptions, argv: readonly string[]): Promise<number> {
  const { logLevel: level, logFormat: format } = options;
  const log = createLogger({ level, format, write: (line) => process.stderr.write(line) });
  const program = process.argv[1] ?? fileURLToPath(import.meta.url);
  return runRootless({
    execRoot: options.execRoot,
    network: options.rootless?.network,
    engineCommand: [process.execPath, ...process.execArgv, program, ...argv],
    describeHolder: (protocol, port) => describeHolder(listPortHolders({ protocol, port }, () => undefined)),
    removeEmptyFolders,
    log,
  });
}

/** An ordinary user's engine, in its namespaces. */
export interface RootlessSeat {
  readonly place: EnginePlace;
  /** Sockets in the host's network. */
  readonly sockets: HostSockets;
}

/** Undefined for the engine of the machine's root. Without its parent the engine ends, as if asked to. */
export function takeSeat(options: DaemonOptions, log: LevelledLogger): RootlessSeat | undefined {
  const place = options.rootless === undefined ? undefined : readPlace();
  if (place === undefined) return undefined;
  settleIn(place, options.execRoot);
  if (place.cgroups === 'none')
    log.warn('Containers have no limits, can not be paused and show no usage.', { why: place.cgroupReason });
  const sockets = hostSocketsOfParent();
  process.once('disconnect', () => {
    log.warn('the parent has ended; the engine ends too');
    process.kill(process.pid, 'SIGTERM');
  });
  return { place, sockets };
}

/**
 * `host-gateway` of an ordinary user's containers is this host's own address: the bridge's gateway, which it is for root, leads
 * to the engine's network only.
 */
export function seatedNetworks(defaults: NetworkDefaults, seat: RootlessSeat | undefined): NetworkDefaults {
  const address = seat?.place.hostAddress;
  if (address === undefined || defaults.hostGateways.length > 0) return defaults;
  return { ...defaults, hostGateways: [address] };
}
