import { useSyncExternalStore } from 'react';
import { Tip } from './tooltip.tsx';

/** One clock for all relative times on the page, ticking only while somebody looks. */
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 15_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

const steps: readonly (readonly [limitSeconds: number, unitSeconds: number, name: string])[] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [86_400 * 14, 86_400, 'day'],
  [86_400 * 60, 86_400 * 7, 'week'],
  [86_400 * 730, 86_400 * 30, 'month'],
  [Number.POSITIVE_INFINITY, 86_400 * 365, 'year'],
];

/** "just now", "5 minutes ago"; both in milliseconds since the epoch. */
export function relativeTime(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000));
  if (seconds < 10) return 'just now';
  for (const [limit, unit, name] of steps) {
    if (seconds < limit) {
      const count = Math.floor(seconds / unit);
      return `${count} ${name}${count === 1 ? '' : 's'} ago`;
    }
  }
  return '';
}

export function RelativeTime({ atMs }: { readonly atMs: number }) {
  const current = useSyncExternalStore(subscribe, () => now);
  return (
    <Tip text={new Date(atMs).toLocaleString()}>
      <time dateTime={new Date(atMs).toISOString()} className="whitespace-nowrap text-ink-2">
        {relativeTime(atMs, Math.max(current, atMs))}
      </time>
    </Tip>
  );
}
