/**
 * The files that make up one container's log, oldest first:
 *
 *   container.log.7.gz  container.log.8  container.log
 *
 * A file put aside keeps its number for ever, so that a reader who stands in it knows what comes next, however often the log
 * is put aside meanwhile. conmon writes to the one without a number, whose number is one above the last.
 *
 * Putting aside begins with a second name for the current file (rotate-log.ts): until conmon has gone over to a new one,
 * the last numbered file and the current one are the same.
 */
import { readdirSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface AsideFile {
  readonly number: number;
  readonly path: string;
  readonly compressed: boolean;
}

/** Where a reader stands. */
export interface LogPosition {
  readonly number: number;
  readonly offset: number;
}

export const logStart: LogPosition = { number: 0, offset: 0 };

/** What has been put aside, oldest first. */
export function asideFiles(path: string): readonly AsideFile[] {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const found = new Map<number, AsideFile>();
  for (const name of namesIn(folder)) {
    if (!name.startsWith(prefix)) continue;
    const [, digits, suffix] = /^(\d{1,15})(\.gz)?$/.exec(name.slice(prefix.length)) ?? [];
    if (digits === undefined) continue;
    const number = Number(digits);
    // Both are there for a moment when one is compressed; they say the same.
    if (suffix !== undefined && found.has(number)) continue;
    found.set(number, { number, path: join(folder, name), compressed: suffix !== undefined });
  }
  return [...found.values()].sort((a, b) => a.number - b.number);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** The number of the file that is written to. */
export function currentNumber(path: string): number {
  const last = asideFiles(path).at(-1);
  if (last === undefined) return 1;
  return !last.compressed && inodeOf(last.path) === inodeOf(path) ? last.number : last.number + 1;
}

/** The present end, for who wants only what comes. */
export function endOfLog(path: string): LogPosition {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return { number: currentNumber(path), offset: size };
}

export interface OpenLogFile {
  readonly number: number;
  readonly handle: FileHandle;
  readonly compressed: boolean;
  readonly inode: bigint;
}

const maxAttempts = 100;

/** Opens the file of this number, or the next one that is left. undefined: there is none (yet). */
export async function openLogFile(path: string, number: number): Promise<OpenLogFile | undefined> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const files = asideFiles(path);
    const aside = files.find((file) => file.number >= number);
    const handle = await openIfThere(aside?.path ?? path);
    if (handle === undefined) {
      // Compressed or dropped while we looked; or, without a number, not made yet.
      if (aside === undefined) return undefined;
      continue;
    }
    const inode = (await handle.stat({ bigint: true })).ino;
    if (aside !== undefined) return { number: aside.number, handle, compressed: aside.compressed, inode };
    // What we opened as the current one may have been put aside meanwhile, and others after it.
    const last = (files.at(-1)?.number ?? 0) + 1;
    const now = asideFiles(path).find((file) => file.number >= last);
    if (now === undefined || inodeOf(now.path) === inode) return { number: last, handle, compressed: false, inode };
    await handle.close();
  }
  throw new Error(`${path}: its files change faster than they can be opened`);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
