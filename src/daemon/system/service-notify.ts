/**
 * What systemd wants to know (sd_notify(3), Type=notify): datagrams to the socket in NOTIFY_SOCKET. Started by hand there is
 * none, and everything here does nothing.
 */
import { writeSync } from 'node:fs';
import { AF_UNIX, closeFd, connectUnix, O_CLOEXEC, O_NONBLOCK, SOCK_DGRAM, socket } from '../linux/libc.ts';

export interface ServiceNotify {
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /** Ends the watchdog's timer. */
  close(): void;
}

/**
 * Takes the variables out of `env`: programs that we start are not the service.
 * @param onError told when a message could not be sent; the daemon goes on
 */
export function openServiceNotify(
  env: NodeJS.ProcessEnv,
  pid: number,
  onError: (error: unknown) => void,
): ServiceNotify {
  const { NOTIFY_SOCKET: path, WATCHDOG_USEC, WATCHDOG_PID } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  const send = (...lines: readonly string[]) => {
    if (path === undefined || path === '') return;
    try {
      sendDatagram(path, lines.join('\n'));
    } catch (error) {
      onError(error);
    }
  };
  const watched = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  const watchdogMs = watched ? Number(WATCHDOG_USEC ?? 0) / 1000 : 0;
  // Half of the time, as sd_watchdog_enabled(3) advises. A daemon whose event loop hangs does not get here.
  const watchdog = watchdogMs > 0 ? setInterval(() => send('WATCHDOG=1'), watchdogMs / 2).unref() : undefined;
  return {
    ready: (status) => send('READY=1', `STATUS=${status}`, `MAINPID=${pid}`),
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => send('STOPPING=1', 'STATUS=Shutting down'),
    close: () => clearInterval(watchdog),
  };
}

function sendDatagram(path: string, text: string): void {
  const fd = socket(AF_UNIX, SOCK_DGRAM | O_CLOEXEC | O_NONBLOCK);
  try {
    connectUnix(fd, path);
    writeSync(fd, text);
  } finally {
    closeFd(fd);
  }
}
