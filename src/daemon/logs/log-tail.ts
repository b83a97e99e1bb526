/** Finding where the last lines of a log begin, from its end backwards, without reading the rest. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type LogPiece, type LogStream, parseChunk } from './k8s-file.ts';
import { type AsideFile, asideFiles, currentNumber, inodeOf, type LogPosition, openLogFile } from './log-files.ts';
import { createPieceReader } from './piece-reader.ts';

type Wanted = Readonly<Record<LogStream, boolean>>;

const blockBytes = 256 * 1024;

/**
 * A place in front of at least this many lines of the wanted streams, and as near to them as whole blocks allow. Pieces
 * directly before the first line that counts are taken in, so a line is never shown without its beginning.
 */
export async function findTail(path: string, lines: number, wanted: Wanted): Promise<LogPosition> {
  const current = { number: currentNumber(path), path, compressed: false };
  const inode = inodeOf(path);
  // What is being put aside has both names.
  const aside = asideFiles(path).filter((file) => file.compressed || inodeOf(file.path) !== inode);
  let left = lines;
  let start: LogPosition = { number: current.number, offset: 0 };
  for (const file of [...aside, current].reverse()) {
    const found = await tailOfFile(file, path, left, wanted, file === current);
    start = { number: file.number, offset: found.offset };
    left -= found.lines;
    // One more than wanted: what begins there may be the end of a line whose beginning lies before.
    if (left < 0) break;
  }
  return start;
}

interface FoundLines {
  readonly offset: number;
  readonly lines: number;
}

async function tailOfFile(
  file: AsideFile,
  logPath: string,
  lines: number,
  wanted: Wanted,
  atEnd: boolean,
): Promise<FoundLines> {
  if (file.compressed) return { offset: 0, lines: await linesOfCompressed(logPath, file.number, wanted) };
  let fd: number;
  try {
    fd = openSync(file.path, 'r');
  } catch {
    return { offset: 0, lines: 0 };
  }
  try {
    return lastLines(fd, fstatSync(fd).size, lines, wanted, atEnd);
  } finally {
    closeSync(fd);
  }
}

/** Compressed text can be read from its beginning only. */
async function linesOfCompressed(logPath: string, number: number, wanted: Wanted): Promise<number> {
  const file = await openLogFile(logPath, number);
  if (file === undefined) return 0;
  const reader = await createPieceReader(file, 0);
  try {
    let lines = 0;
    for (let pieces = await reader.read(); pieces !== undefined; pieces = await reader.read()) {
      lines += countLines(pieces, wanted, false);
    }
    return lines;
  } finally {
    await reader.close();
  }
}

/** Walks back block by block until enough lines are known. */
function lastLines(fd: number, size: number, wantedLines: number, wanted: Wanted, atEnd: boolean): FoundLines {
  let offset = size;
  let lines = 0;
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
    lines += countLines(pieces, wanted, atEnd && offset === size);
    offset = from;
    if (lines > wantedLines) break;
  }
  return { offset, lines };
}

/** Lines that end in these pieces, and at the end of the file also those that are still open. */
function countLines(pieces: readonly LogPiece[], wanted: Wanted, atEnd: boolean): number {
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
