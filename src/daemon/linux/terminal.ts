/** Pseudo terminals: a master for us, a slave for the process. */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { ioctl, unlockTerminal } from './libc.ts';
import { isProcessAlive, type ProcessIdentity } from './process.ts';

const TCGETS = 0x5401;
const TCSETS = 0x5402;
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

/**
 * Passes bytes through untouched, without echo: for a terminal whose other side is copied to another one. The fields are
 * those of cfmakeraw(3) on the kernel's struct termios: four 32-bit flag words, then the control characters.
 */
export function makeRaw(fd: number): void {
  const termios = Buffer.alloc(60);
  ioctl(fd, TCGETS, termios);
  const [ignoreToXon, postProcess, sizeAndParity, echoToExtended] = [0o2753, 0o1, 0o460, 0o100113];
  const clear = (offset: number, bits: number) => {
    termios.writeUInt32LE((termios.readUInt32LE(offset) & ~bits) >>> 0, offset);
  };
  clear(0, ignoreToXon);
  clear(4, postProcess);
  clear(8, sizeAndParity);
  termios.writeUInt32LE((termios.readUInt32LE(8) | 0o60) >>> 0, 8);
  clear(12, echoToExtended);
  ioctl(fd, TCSETS, termios);
}

/** Sets the size; the kernel signals SIGWINCH to the foreground processes of the terminal. */
export function setTerminalSize(fd: number, size: TerminalSize): void {
  // struct winsize: rows, columns, and two sizes in pixels nobody uses.
  const winsize = Buffer.alloc(8);
  winsize.writeUInt16LE(clampSize(size.rows), 0);
  winsize.writeUInt16LE(clampSize(size.columns), 2);
  ioctl(fd, TIOCSWINSZ, winsize);
}

/** How long a process that just started may take until its input is its terminal. */
const terminalSetupLimitMs = 1000;

/**
 * Sets the size of the terminal a process has as its input, whoever holds the master: its own link in /proc opens the
 * slave, in whatever mount namespace the device lies. Tries again for a moment while the process is being set up.
 */
export function resizeProcessTerminal(
  process: ProcessIdentity,
  size: TerminalSize,
  since: number = performance.now(),
): void {
  if (!isProcessAlive(process)) return;
  const input = `/proc/${process.pid}/fd/0`;
  if (!isTerminalPath(input)) {
    if (performance.now() - since > terminalSetupLimitMs) return;
    setTimeout(() => resizeProcessTerminal(process, size, since), 5).unref();
    return;
  }
  let fd: number;
  try {
    fd = openSync(input, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch {
    // It ended in between: nobody is left to look at the terminal.
    return;
  }
  try {
    setTerminalSize(fd, size);
  } finally {
    closeSync(fd);
  }
}

function isTerminalPath(link: string): boolean {
  try {
    return /^\/dev\/(pts\/\d+|console)$/.test(readlinkSync(link));
  } catch {
    return false;
  }
}

function clampSize(value: number): number {
  return Math.max(0, Math.min(0xffff, Math.trunc(value)));
}
