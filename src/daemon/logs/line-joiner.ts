/**
 * Lines out of pieces. conmon writes what one read gave it, so a line may come in pieces with the other stream's between
 * them; Docker shows whole lines, and a line of more than 16 KiB in parts of 16 KiB.
 */
import type { LogEntry } from './container-log.ts';
import type { LogPiece, LogStream } from './k8s-file.ts';

export interface LogLine extends LogEntry {}

/** Docker's copier: a longer line is passed on in parts of this size. */
const partLimitBytes = 16 * 1024;

interface OpenLine {
  readonly timestamp: string;
  parts: Uint8Array[];
  length: number;
}

export class LineJoiner {
  readonly #wanted: Readonly<Record<LogStream, boolean>>;
  readonly #open = new Map<LogStream, OpenLine>();

  constructor(wanted: Readonly<Record<LogStream, boolean>>) {
    this.#wanted = wanted;
  }

  /** The lines that became whole. */
  add(pieces: readonly LogPiece[]): readonly LogLine[] {
    const lines: LogLine[] = [];
    for (const piece of pieces) {
      if (!this.#wanted[piece.stream]) continue;
      const open = this.#open.get(piece.stream);
      if (open === undefined && piece.endsLine) lines.push(piece);
      else this.#continue(piece, open, lines);
    }
    return lines;
  }

  #continue(piece: LogPiece, before: OpenLine | undefined, lines: LogLine[]): void {
    const open = before ?? { timestamp: piece.timestamp, parts: [], length: 0 };
    open.parts.push(piece.bytes);
    open.length += piece.bytes.length;
    if (piece.endsLine) {
      this.#open.delete(piece.stream);
      lines.push(lineOf(piece.stream, open));
      return;
    }
    this.#open.set(piece.stream, open);
    if (open.length < partLimitBytes) return;
    lines.push(lineOf(piece.stream, open));
    this.#open.set(piece.stream, { timestamp: open.timestamp, parts: [], length: 0 });
  }

  /** What is left without a line end, when the output is over. */
  flush(): readonly LogLine[] {
    const lines = [...this.#open].filter(([, open]) => open.length > 0).map(([stream, open]) => lineOf(stream, open));
    this.#open.clear();
    return lines;
  }
}

function lineOf(stream: LogStream, open: OpenLine): LogLine {
  return { stream, timestamp: open.timestamp, bytes: Buffer.concat(open.parts) };
}
