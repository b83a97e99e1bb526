import { constants } from 'node:os';
import { WharfError } from '../../contract/errors.ts';

/** glibc's first real-time signal; Linux has them up to 64. */
const realtimeMin = 34;
const realtimeMax = 64;

const aliases = {
  SIGIOT: constants.signals.SIGABRT,
  SIGCLD: constants.signals.SIGCHLD,
  SIGPOLL: constants.signals.SIGIO,
};
const numbers = new Map<string, number>(Object.entries({ ...constants.signals, ...aliases }));

/** 'SIGTERM', 'TERM', 'term', '15', 'RTMIN+3'. @throws WharfError 'request.invalid' with Docker's text */
export function parseSignal(given: string): number {
  const number = /^-?\d+$/.test(given) ? Number(given) : named(given.toUpperCase());
  const hint = 'Give a name such as SIGTERM or a number.';
  if (number === undefined || number === 0) {
    throw new WharfError('request.invalid', `invalid signal: ${given}`, { hint });
  }
  if (number < 1 || number > realtimeMax) {
    throw new WharfError('request.invalid', `the linux daemon does not support signal ${number}`, { hint });
  }
  return number;
}

function named(upper: string): number | undefined {
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const realtime = /^SIGRTM(IN|AX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime) {
    const [, end, sign, offset] = realtime;
    const base = end === 'IN' ? realtimeMin : realtimeMax;
    const number = base + (sign === '-' ? -1 : 1) * Number(offset ?? 0);
    return number >= realtimeMin && number <= realtimeMax ? number : undefined;
  }
  return numbers.get(name);
}

export const SIGKILL = 9;
export const SIGTERM = 15;
