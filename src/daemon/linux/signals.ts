/** Signals by name and number, as docker accepts them: SIGKILL, KILL, kill, 9, SIGRTMIN+3. */
import { WharfError } from '../../contract/errors.ts';

/** The kernel's numbers on x86-64, arm64 and riscv64 (include/uapi/asm-generic/signal.h). */
const numbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
};

const aliases: Readonly<Record<string, number>> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 };

/** glibc keeps the first two real-time signals to itself. */
const firstRealTime = 34;
const lastRealTime = 64;

/** @throws WharfError 'request.invalid' in Docker's words */
export function parseSignal(text: string): number {
  const name = text.trim().toUpperCase().replace(/^SIG/, '');
  const number = /^\d+$/.test(name)
    ? numericSignal(Number(name))
    : (numbers[name] ?? aliases[name] ?? realTimeSignal(name));
  if (number === undefined) throw new WharfError('request.invalid', `invalid signal: ${text}`);
  return number;
}

function numericSignal(number: number): number | undefined {
  return number >= 1 && number <= lastRealTime ? number : undefined;
}

function realTimeSignal(name: string): number | undefined {
  const match = /^RTM(IN|AX)(?:([+-])(\d+))?$/.exec(name);
  if (match === null) return undefined;
  const [, end, sign, offset = '0'] = match;
  const base = end === 'IN' ? firstRealTime : lastRealTime;
  const number = sign === '-' ? base - Number(offset) : base + Number(offset);
  return number >= firstRealTime && number <= lastRealTime ? number : undefined;
}

/** `SIGKILL` for 9; a real-time signal by its distance from the first. */
export function signalName(number: number): string {
  for (const [name, value] of Object.entries(numbers)) if (value === number) return `SIG${name}`;
  if (number >= firstRealTime && number <= lastRealTime) {
    return number === firstRealTime ? 'SIGRTMIN' : `SIGRTMIN+${number - firstRealTime}`;
  }
  return `SIG${number}`;
}
