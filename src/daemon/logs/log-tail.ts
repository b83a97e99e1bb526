/** Finding the last lines of a log from its end backwards, without reading the rest. */
import { readSync } from 'node:fs';
import { type LogPiece, type LogStream, parseChunk } from './k8s-file.ts';

export interface TailStart {
  /** Where to begin reading. */
  readonly offset: number;
  /** Lines that begin there but do not belong to the tail. */
  readonly skipLines: number;
}

const blockBytes = 256 * 1024;

/**
 * Walks back block by block until enough whole lines of the wanted streams are known. Pieces directly before the first
 * line that counts are taken in, so a line is never shown without its beginning.
 */
export function findTail(
  fd: number,
  size: number,
  wantedLines: number,
  wanted: Readonly<Record<LogStream, boolean>>,
): TailStart {
  if (wantedLines <= 0) return { offset: size, skipLines: 0 };
  let offset = size;
  let counted = 0;
  let blocks = 1;
  while (offset > 0) {
    const from = lineStartAtOrAfter(fd, Math.max(0, offset - blockBytes * blocks), offset);
    if (from === offset) {
      // One line fills the whole block: look at a larger one.
      blocks *= 2;
      continue;
    }
    blocks = 1;
    const { pieces } = parseChunk(readRange(fd, from, offset));
    counted += countLines(pieces, wanted, offset === size);
    offset = from;
    // One line more than wanted: what begins at `offset` may be the end of a line whose beginning lies before.
    if (counted > wantedLines) break;
  }
  return { offset, skipLines: Math.max(0, counted - wantedLines) };
}

/** Lines that end in these pieces, and at the end of the file also those that are still open. */
function countLines(pieces: readonly LogPiece[], wanted: Readonly<Record<LogStream, boolean>>, atEnd: boolean): number {
  let lines = 0;
  const open = { stdout: false, stderr: false };
  for (const piece of pieces) {
    if (!wanted[piece.stream]) continue;
    open[piece.stream] = !piece.endsLine;
    if (piece.endsLine) lines += 1;
  }
  return atEnd ? lines + Number(open.stdout) + Number(open.stderr) : lines;
}

/** The first line start in [from, limit]; `limit` itself is one. */
function lineStartAtOrAfter(fd: number, from: number, limit: number): number {
  if (from === 0) return 0;
  const newlineAt = readRange(fd, from - 1, limit).indexOf(10);
  return newlineAt === -1 ? limit : from + newlineAt;
}

function readRange(fd: number, from: number, to: number): Buffer {
  const buffer = Buffer.allocUnsafe(to - from);
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(fd, buffer, filled, buffer.length - filled, from + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}
