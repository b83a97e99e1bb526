/** Pseudo terminals: a master for us, a slave for the process. */
import { constants, openSync } from 'node:fs';
import { ioctl, unlockTerminal } from './libc.ts';

const TIOCSWINSZ = 0x5414;

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface Terminal {
  readonly masterFd: number;
  /** Open until it is handed to the process; the caller closes it. */
  readonly slaveFd: number;
  readonly path: string;
}

export function openTerminal(): Terminal {
  const masterFd = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const path = unlockTerminal(masterFd);
  return { masterFd, path, slaveFd: openSync(path, constants.O_RDWR | constants.O_NOCTTY) };
}

/** Sets the size; the kernel signals SIGWINCH to the foreground processes of the terminal. */
export function setTerminalSize(fd: number, size: TerminalSize): void {
  // struct winsize: rows, columns, and two sizes in pixels nobody uses.
  const winsize = Buffer.alloc(8);
  winsize.writeUInt16LE(clampSize(size.rows), 0);
  winsize.writeUInt16LE(clampSize(size.columns), 2);
  ioctl(fd, TIOCSWINSZ, winsize);
}

function clampSize(value: number): number {
  return Math.max(0, Math.min(0xffff, Math.trunc(value)));
}
