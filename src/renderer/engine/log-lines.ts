/** One line of a container's output, ready to show. */
export interface LogLine {
  readonly number: number;
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 of the engine; empty when it sent none. */
  readonly timestamp: string;
  /** Without the line end; may hold ANSI codes. */
  readonly text: string;
}

/** Lines kept in the browser. Older ones are let go; the engine still has them. */
export const linesMax = 20_000;

/**
 * Cuts chunks of output into lines, one decoder and one rest a stream, and keeps the last `linesMax`.
 * Chunks come with timestamps switched on: "2026-11-22T10:00:00.1Z text".
 */
export class LogLines {
  readonly #rest = { stdout: '', stderr: '' };
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #lines: LogLine[] = [];
  #count = 0;

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  push(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    const text = this.#rest[stream] + this.#decoders[stream].decode(bytes, { stream: true });
    const parts = text.split('\n');
    this.#rest[stream] = parts.pop() ?? '';
    for (const part of parts) this.#add(stream, part);
    if (this.#lines.length > linesMax) this.#lines = this.#lines.slice(-linesMax);
  }

  /** The output ended: what is left without a line end is a line too. */
  finish(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rest[stream] !== '') this.#add(stream, this.#rest[stream]);
      this.#rest[stream] = '';
    }
  }

  clear(): void {
    this.#lines = [];
  }

  #add(stream: 'stdout' | 'stderr', raw: string): void {
    const match = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) ?/.exec(raw);
    const text = (match ? raw.slice(match[0].length) : raw).replace(/\r$/, '');
    // A carriage return inside a line overwrites it (progress bars): what is left is what a terminal would show.
    this.#lines.push({
      number: ++this.#count,
      stream,
      timestamp: match?.[1] ?? '',
      text: text.slice(text.lastIndexOf('\r') + 1),
    });
  }
}
