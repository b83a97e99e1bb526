/**
 * Putting a log's current file aside, and keeping to the bounds. Each step can be the last one before a crash:
 *
 *   1. container.log.tmp is made        conmon writes its new file there; it must find room for it
 *   2. container.log.8 = container.log  a second name, no copy; readers know the two for one file
 *   3. conmon is told to reopen         it renames .tmp to container.log: at every moment there is one
 *   4. what is too much goes            oldest first, by rename or unlink
 *   5. container.log.8.gz               made beside, renamed, then .8 goes
 *
 * A rotation that stopped after 2 is finished by the next one. The last numbered file stays, be it empty: it keeps the count.
 */
import { link, open, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { LogRetention } from './log-config.ts';
import { type AsideFile, asideFiles, currentNumber, inodeOf } from './log-files.ts';

export interface RotateOptions {
  readonly retention: LogRetention & { readonly maxBytes: number };
  /** Has conmon open a new file; undefined when it has ended. */
  readonly reopen: (() => Promise<void>) | undefined;
  readonly signal: AbortSignal;
}

/** conmon answers in microseconds, but may be busy with a terminal. */
const reopenLimitMs = 5000;
const lookEveryMs = 5;

/** Puts the current file aside. Answers false when conmon did not take a new one; the next time goes on from there. */
export async function rotateLog(path: string, { retention, reopen, signal }: RotateOptions): Promise<boolean> {
  const inode = inodeOf(path);
  if (inode === undefined) return false;
  const aside = `${path}.${currentNumber(path)}`;
  const isBegun = inodeOf(aside) === inode;
  if (reopen === undefined) {
    // Nobody writes any more.
    if (!isBegun) await link(path, aside);
    await writeFile(`${path}.tmp`, '', { mode: 0o640 });
    await rename(`${path}.tmp`, path);
  } else {
    await writeFile(`${path}.tmp`, '', { mode: 0o640 });
    if (!isBegun) await link(path, aside);
    await reopen();
    if (!(await becomesOther(path, inode, signal))) return false;
  }
  await tidyLog(path, retention, signal);
  return true;
}

async function becomesOther(path: string, inode: bigint, signal: AbortSignal): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < reopenLimitMs && !signal.aborted; waitedMs += lookEveryMs) {
    const now = inodeOf(path);
    if (now !== undefined && now !== inode) return true;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return false;
}

/** Drops what is too much and compresses what stays. */
export async function tidyLog(path: string, retention: RotateOptions['retention'], signal: AbortSignal): Promise<void> {
  const inode = inodeOf(path);
  const complete = () => asideFiles(path).filter((file) => file.compressed || inodeOf(file.path) !== inode);
  await dropExcess(complete(), retention);
  if (!retention.compress) return;
  for (const { number, compressed } of complete()) {
    if (signal.aborted) return;
    const plain = `${path}.${number}`;
    if (!compressed) await compressFile(plain, signal);
  }
}

/**
 * How full a file was when it was put aside depends on how soon we saw it, so the bytes are counted too: a burst that fills
 * a file ten times over leaves what dockerd would have left of it.
 */
async function dropExcess(
  files: readonly AsideFile[],
  { maxBytes, maxFiles }: RotateOptions['retention'],
): Promise<void> {
  const newestFirst = [...files].reverse();
  const newest = newestFirst[0];
  if (newest === undefined) return;
  let left = (maxFiles - 1) * maxBytes;
  // With one file, dockerd begins it anew each time it is full; what came after the last time would be there.
  if (maxFiles === 1) left = (await sizeOf(newest.path)) % maxBytes;
  for (const [index, file] of newestFirst.entries()) {
    const size = file.compressed ? maxBytes : await sizeOf(file.path);
    const isKept = index < Math.max(1, maxFiles - 1) && left > 0;
    if (isKept && size <= left + maxBytes / 4) {
      left -= size;
    } else if (isKept || file === newest) {
      await keepEnd(file.path, size, Math.max(0, left));
      left = 0;
    } else {
      await rm(file.path, { force: true });
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

const copyBytes = 1024 * 1024;

/** Replaces a file by its last bytes, from the beginning of a line on. Who reads it already has the old one. */
async function keepEnd(path: string, size: number, bytes: number): Promise<void> {
  const draft = `${path}.tmp`;
  await using source = await open(path, 'r');
  await using target = await open(draft, 'w', 0o640);
  const buffer = Buffer.allocUnsafe(copyBytes);
  let from = bytes === 0 ? size : Math.max(0, size - bytes - 1);
  let isInLine = from > 0;
  while (from < size) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(copyBytes, size - from), from);
    if (bytesRead === 0) break;
    const lineStart = isInLine ? buffer.subarray(0, bytesRead).indexOf(10) + 1 : 0;
    if (!isInLine || lineStart > 0) {
      isInLine = false;
      await target.write(buffer, lineStart, bytesRead - lineStart);
    }
    from += bytesRead;
  }
  await rename(draft, path);
}

async function compressFile(path: string, signal: AbortSignal): Promise<void> {
  const draft = `${path}.gz.tmp`;
  try {
    await using source = await open(path, 'r');
    const { size, atime, mtime } = await source.stat();
    // An empty one only keeps the count.
    if (size === 0) return;
    await using target = await open(draft, 'w', 0o640);
    await pipeline(
      source.createReadStream({ autoClose: false }),
      createGzip({ level: 6 }),
      target.createWriteStream(),
      {
        signal,
      },
    );
    await utimes(draft, atime, mtime);
    await rename(draft, `${path}.gz`);
    await rm(path, { force: true });
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
