import { StringDecoder } from 'node:string_decoder';

const maxLineLength = 8192;

/** The last lines of a process's output, bounded in number and in length of each. */
export class LogTail {
  readonly #max: number;
  readonly #lines: string[] = [];
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';

  constructor(maxLines: number) {
    this.#max = maxLines;
  }

  write(chunk: Uint8Array): void {
    const parts = (this.#partial + this.#decoder.write(Buffer.from(chunk))).split('\n');
    this.#partial = (parts.pop() ?? '').slice(-maxLineLength);
    for (const line of parts) this.add(line);
  }

  add(line: string): void {
    this.#lines.push(line.length > maxLineLength ? `${line.slice(0, maxLineLength)}…` : line);
    if (this.#lines.length > this.#max) this.#lines.splice(0, this.#lines.length - this.#max);
  }

  last(count: number): string[] {
    const all = this.#partial === '' ? this.#lines : [...this.#lines, this.#partial];
    return all.slice(-count);
  }
}
