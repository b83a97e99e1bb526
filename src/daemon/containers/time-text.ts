/** Times as Docker's API writes them. */

/** Go's zero time: never happened. */
export const neverText = '0001-01-01T00:00:00Z';

/** RFC 3339 with nanoseconds, in UTC; `neverText` for undefined. */
export function timeText(ms: number | undefined): string {
  if (ms === undefined) return neverText;
  const whole = Math.floor(ms);
  const nanos = Math.round((ms - whole) * 1e6);
  const iso = new Date(whole).toISOString();
  // Go drops trailing zeros of the fraction; clients parse either.
  return `${iso.slice(0, -1)}${String(nanos).padStart(6, '0')}Z`;
}

/** Docker's words for a span (go-units HumanDuration): '5 seconds', 'About a minute', '3 hours'. */
export function spanText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 86_400 / 365)} years`;
}

/** As Go prints a duration: '500ms', '1.5s', '1m30s', '2h0m0s'. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = (ms % 60_000) / 1000;
  const minutes = Math.floor(ms / 60_000);
  if (minutes === 0) return `${seconds}s`;
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`;
}
