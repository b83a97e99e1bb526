/** Moments as the API's `since` and `until` have them. */
import { WharfError } from './errors.ts';

/** Go's int64. */
const maxSeconds = 2n ** 63n - 1n;

/**
 * UNIX seconds with an optional fraction, exact to the nanosecond; '' is no moment. The status is dockerd's, which takes what
 * it can not read for a failure of its own.
 * @throws WharfError 'request.invalid'
 */
export function parseUnixNano(text: string | undefined): bigint | undefined {
  if (text === undefined || text === '') return undefined;
  const dot = text.indexOf('.');
  const seconds = goInteger(dot < 0 ? text : text.slice(0, dot));
  if (dot < 0) return seconds * 1_000_000_000n;
  const fraction = text.slice(dot + 1);
  goInteger(fraction);
  return seconds * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

function goInteger(text: string): bigint {
  const failed = (why: string) =>
    new WharfError('request.invalid', `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`, {
      status: 500,
      hint: 'Give seconds since the epoch.',
    });
  if (!/^[+-]?\d+$/.test(text)) throw failed('invalid syntax');
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > maxSeconds || value < -maxSeconds - 1n) throw failed('value out of range');
  return value;
}
