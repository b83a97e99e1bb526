/**
 * conmon's log format (the Kubernetes CRI one), one entry a line:
 *
 *   2026-11-22T04:06:27.351393879+00:00 stdout P abc      a piece of a line: no line end belongs to it
 *   2026-11-22T04:06:27.453929665+00:00 stdout F def      the rest of the line, with its line end
 *
 * Entries are views into the read buffer; text is made of a timestamp only when somebody asks for it, which keeps
 * 20 MiB of short lines well under a second.
 */

const newline = 10;
const space = 32;
const plus = 43;
const letterF = 70;
const letterE = 101;
/** `2026-11-22T04:06:27.351393879`: date, time and nine digits, without the zone. */
const clockLength = 29;
/** ` stdout P `: the fields between the timestamp and the content. */
const streamFieldsLength = 10;

export type LogStream = 'stdout' | 'stderr';

/** One entry of the file. */
export class LogPiece {
  readonly #buffer: Buffer;
  readonly #start: number;
  readonly #zoneEnd: number;
  readonly #contentEnd: number;
  readonly stream: LogStream;
  /** The content ends its line; else more of the line follows. */
  readonly endsLine: boolean;

  constructor(buffer: Buffer, start: number, zoneEnd: number, lineEnd: number) {
    this.#buffer = buffer;
    this.#start = start;
    this.#zoneEnd = zoneEnd;
    // Both streams' names have six letters; the fourth letter tells them apart (stdOut, stdErr).
    this.stream = buffer[zoneEnd + 4] === letterE ? 'stderr' : 'stdout';
    this.endsLine = buffer[zoneEnd + 8] === letterF;
    this.#contentEnd = this.endsLine ? Math.min(lineEnd + 1, buffer.length) : lineEnd;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#zoneEnd + streamFieldsLength, this.#contentEnd);
  }

  get length(): number {
    return this.#contentEnd - this.#zoneEnd - streamFieldsLength;
  }

  /** What `bytes` shows, without making a view of it: of a backlog of short lines the views were most of the work. */
  copyTo(target: Buffer, offset: number): void {
    this.#buffer.copy(target, offset, this.#zoneEnd + streamFieldsLength, this.#contentEnd);
  }

  /** RFC 3339 with nine digits, in UTC. */
  get timestamp(): string {
    const clock = this.#buffer.toString('latin1', this.#start, this.#start + clockLength);
    const zone = this.#buffer.toString('latin1', this.#start + clockLength, this.#zoneEnd);
    return zone === '+00:00' || zone === 'Z' ? `${clock}Z` : toUtc(clock, zone);
  }
}

/** conmon writes local time; Wharf's own conmon runs in UTC, another one's log may not. */
function toUtc(clock: string, zone: string): string {
  const fraction = clock.slice(19);
  const utc = new Date(`${clock.slice(0, 19)}${zone}`);
  return Number.isNaN(utc.getTime()) ? `${clock}Z` : `${utc.toISOString().slice(0, 19)}${fraction}Z`;
}

/** Parses the entry of the line [start, lineEnd); undefined when it is none (a line torn by a crash). */
export function parsePiece(buffer: Buffer, start: number, lineEnd: number): LogPiece | undefined {
  const zoneStart = start + clockLength;
  let zoneEnd = zoneStart + 6;
  if (buffer[zoneStart] !== plus || buffer[zoneEnd] !== space) {
    zoneEnd = buffer.indexOf(space, start);
    if (zoneEnd < zoneStart || zoneEnd >= lineEnd) return undefined;
  }
  if (lineEnd < zoneEnd + streamFieldsLength) return undefined;
  if (buffer[zoneEnd + 7] !== space || buffer[zoneEnd + 9] !== space) return undefined;
  return new LogPiece(buffer, start, zoneEnd, lineEnd);
}

export interface ParsedChunk {
  readonly pieces: readonly LogPiece[];
  /** Bytes of whole lines; the rest is the beginning of a line and must be read again. */
  readonly consumed: number;
}

/** Parses every whole line of a buffer. */
export function parseChunk(buffer: Buffer): ParsedChunk {
  const pieces: LogPiece[] = [];
  let start = 0;
  for (let end = buffer.indexOf(newline); end !== -1; end = buffer.indexOf(newline, start)) {
    const piece = parsePiece(buffer, start, end);
    if (piece !== undefined) pieces.push(piece);
    start = end + 1;
  }
  return { pieces, consumed: start };
}

/** Nanoseconds since the epoch of a piece's timestamp. */
export function timestampNano(timestamp: string): bigint {
  const milliseconds = Date.parse(`${timestamp.slice(0, 19)}Z`);
  return BigInt(milliseconds) * 1_000_000n + BigInt(timestamp.slice(20, 29));
}

/** The timestamp text of a moment, for comparing with `timestamp` letter by letter. */
export function timestampText(nano: bigint): string {
  const seconds = nano / 1_000_000_000n;
  const rest = nano % 1_000_000_000n;
  const clock = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${clock}.${rest.toString().padStart(9, '0')}Z`;
}
