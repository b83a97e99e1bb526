/** Sees to it that a container's log keeps to its bounds while it runs, and after. */
import { statSync } from 'node:fs';
import { boundGrowth } from './growth-bound.ts';
import { type RotateOptions, rotateLog, tidyLog } from './rotate-log.ts';

export interface LogRotationOptions {
  readonly path: string;
  readonly retention: RotateOptions['retention'];
  /** Has the writer open a new file. */
  readonly reopen: () => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

/** The answer ends it, when the writer has ended: what it left is put in order then. */
export function startLogRotation({ path, retention, reopen, onFailure }: LogRotationOptions): () => Promise<void> {
  const stop = boundGrowth({
    path,
    boundBytes: retention.maxBytes,
    size: () => sizeOf(path),
    async onFull(signal) {
      if (await rotateLog(path, { retention, reopen, signal })) return;
      if (!signal.aborted) onFailure(new Error('its writer did not go over to a new file'));
    },
    onFailure,
  });
  return async () => {
    await stop();
    await settleLog(path, retention).catch(onFailure);
  };
}

/**
 * What was written faster than we looked, and what a crash left half done. Nothing is compressed now: the exit of the
 * container is not told before we are through; the next rotation does it.
 */
async function settleLog(path: string, { maxBytes, maxFiles }: RotateOptions['retention']): Promise<void> {
  const { signal } = new AbortController();
  const retention = { maxBytes, maxFiles, compress: false };
  if (sizeOf(path) >= maxBytes) await rotateLog(path, { retention, reopen: undefined, signal });
  else await tidyLog(path, retention, signal);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
