/** Durations as docker prints and reads them. */

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** `5 minutes`, `About an hour`: go-units' HumanDuration, thresholds and all. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / secondMs);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(ms / minuteMs);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(ms / hourMs + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(Math.trunc(ms / hourMs) / 24 / 365)} years`;
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: secondMs,
  m: minuteMs,
  h: hourMs,
};

/** Milliseconds of a Go duration such as `1m30s` or `300ms`; undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  let total = 0;
  for (const part of (match[2] ?? '').matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(part[1]) * (unitMs[part[2] ?? ''] ?? 0);
  }
  return match[1] === '-' ? -total : total;
}

/**
 * A point in time as docker's --since and --until take it: seconds since 1970, RFC 3339 or a date, or a duration back
 * from now. The result is what the engine takes: seconds, with a fraction when there is one.
 */
export function parseTimestamp(text: string, nowMs: number): string | undefined {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const back = parseGoDuration(text);
  if (back !== undefined) return epochSeconds(nowMs - back);
  const zoned = /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:\d{2})?)?Z?$/.exec(text);
  if (zoned === null) return undefined;
  const ms = Date.parse(completeTimestamp(text));
  if (Number.isNaN(ms)) return undefined;
  const fraction = /\.(\d+)/.exec(text)?.[1];
  const whole = Math.floor(ms / 1000);
  return fraction === undefined ? String(whole) : `${whole}.${fraction.slice(0, 9).padEnd(9, '0')}`;
}

/** JavaScript reads `2024-01-02` as UTC and needs minutes after hours; docker reads a bare date as local time. */
function completeTimestamp(text: string): string {
  const [date = '', time = ''] = text.replace(/Z$/, '').split('T');
  const zone = text.endsWith('Z') ? 'Z' : (/[+-]\d{2}:\d{2}$/.exec(time)?.[0] ?? '');
  const clock = time.replace(/[+-]\d{2}:\d{2}$/, '');
  const parts = clock === '' ? [] : clock.split(':');
  return `${date}T${parts[0] ?? '00'}:${parts[1] ?? '00'}:${parts[2] ?? '00'}${zone}`;
}

function epochSeconds(ms: number): string {
  return (ms / 1000).toFixed(9);
}
