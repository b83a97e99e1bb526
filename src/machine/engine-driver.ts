import { WharfError } from '../contract/errors.ts';
import type { LogTail } from './log-tail.ts';
import type { OwnedProcess } from './owned-process.ts';

/** A daemon this process started. */
export type OwnedDaemon = OwnedProcess;

/**
 * How an engine is brought up on this kind of machine. Linux runs wharfd itself; macOS and Windows run it in a light VM.
 * Nothing above this interface knows which.
 */
export interface EngineDriver {
  readonly name: string;
  /**
   * Starts a daemon and returns as soon as the process runs; the caller waits for its API.
   *
   * @throws WharfError 'host.unsupported' where this driver can not work, 'daemon.unreachable' when it can not be started
   */
  start(log: LogTail, signal: AbortSignal): Promise<OwnedDaemon>;
  /** Ends a daemon that hangs and is not ours, when it can be told for certain that it is one. */
  clearStale(log: LogTail): Promise<void>;
}

/** Stands in for the VM drivers until they exist, and says so. */
export function unsupportedDriver(platform: string): EngineDriver {
  const refuse = (): never => {
    throw new WharfError('host.unsupported', `starting an engine on ${platform} is not supported yet`, {
      hint: 'Run wharfd on a Linux machine and point Wharf at it with WHARF_HOST=tcp://host:port.',
    });
  };
  return { name: 'unsupported', start: async () => refuse(), clearStale: async () => {} };
}
