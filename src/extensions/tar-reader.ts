import { WharfError } from '../contract/errors.ts';

export interface TarEntry {
  /** As written, without a trailing slash; may hold `..`, so the reader of the archive checks it. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly mode: number;
  readonly sizeBytes: number;
  /** Content of a file; to be taken before the next entry is asked for, what is left is skipped. */
  readonly body: AsyncIterable<Uint8Array>;
}

const blockBytes = 512;
const maxMetaBytes = 1024 * 1024;
const decoder = new TextDecoder();

/**
 * Reads a tar stream (ustar, GNU long names, pax paths and sizes) as the engine's archive endpoint sends it.
 *
 * @throws WharfError 'extension.invalid' for what is not a tar stream
 */
export async function* readTar(stream: ReadableStream<Uint8Array>): AsyncGenerator<TarEntry, void, undefined> {
  const source = new ByteSource(stream.getReader());
  let next: { path?: string; size?: number } = {};
  try {
    for (;;) {
      const header = await source.exactly(blockBytes);
      if (header === undefined || header.every((byte) => byte === 0)) return;
      checkSum(header);
      const type = String.fromCharCode(header[156] ?? 0);
      const sizeBytes = next.size ?? octal(header, 124, 12);
      if (type === 'x' || type === 'L' || type === 'g') {
        const meta = await source.meta(octal(header, 124, 12));
        if (type === 'L') next = { ...next, path: text(meta, 0, meta.length) };
        if (type === 'x') next = { ...next, ...paxFields(meta) };
        continue;
      }
      const body = source.body(type === '5' || type === '2' || type === '1' ? 0 : sizeBytes);
      const path = (next.path ?? nameOf(header)).replace(/\/+$/, '');
      next = {};
      yield { path, kind: kindOf(type), mode: octal(header, 100, 8) & 0o777, sizeBytes, body };
      await source.skipRest();
    }
  } finally {
    await source.cancel();
  }
}

function kindOf(type: string): TarEntry['kind'] {
  if (type === '0' || type === '\0' || type === '7') return 'file';
  if (type === '5') return 'directory';
  return type === '2' ? 'symlink' : 'other';
}

function nameOf(header: Uint8Array): string {
  const name = text(header, 0, 100);
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function text(bytes: Uint8Array, from: number, length: number): string {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, from: number, length: number): number {
  // GNU base-256 for sizes of 8 GiB and more.
  if (((header[from] ?? 0) & 0x80) !== 0) {
    let value = 0;
    for (const byte of header.subarray(from + 1, from + length)) value = value * 256 + byte;
    return value;
  }
  const value = Number.parseInt(text(header, from, length).trim() || '0', 8);
  if (!Number.isSafeInteger(value) || value < 0) throw broken();
  return value;
}

function checkSum(header: Uint8Array): void {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  if (sum !== octal(header, 148, 8)) throw broken();
}

function paxFields(meta: Uint8Array): { path?: string; size?: number } {
  const fields: { path?: string; size?: number } = {};
  let at = 0;
  while (at < meta.length) {
    const space = meta.indexOf(32, at);
    const length = Number(decoder.decode(meta.subarray(at, space)));
    if (space < 0 || !Number.isSafeInteger(length) || length <= 0) throw broken();
    const [key, ...value] = decoder.decode(meta.subarray(space + 1, at + length - 1)).split('=');
    if (key === 'path') fields.path = value.join('=');
    if (key === 'size') fields.size = Number(value.join('='));
    at += length;
  }
  return fields;
}

function broken(): WharfError {
  return new WharfError('extension.invalid', 'the engine sent an archive that can not be read');
}

/** Hands out exact amounts of a stream of chunks, and one entry's body at a time. */
class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  /** Bytes of the present entry not taken yet, and the padding behind them. */
  #left = 0;
  #padding = 0;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  /** @returns undefined at the end of the stream */
  async exactly(size: number): Promise<Uint8Array | undefined> {
    const result = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const piece = await this.#upTo(size - filled);
      if (piece === undefined) {
        if (filled === 0) return undefined;
        throw broken();
      }
      result.set(piece, filled);
      filled += piece.length;
    }
    return result;
  }

  async meta(size: number): Promise<Uint8Array> {
    if (size > maxMetaBytes) throw broken();
    const bytes = (await this.exactly(size)) ?? new Uint8Array(0);
    this.#padding = (blockBytes - (size % blockBytes)) % blockBytes;
    await this.skipRest();
    return bytes;
  }

  body(size: number): AsyncIterable<Uint8Array> {
    this.#left = size;
    this.#padding = (blockBytes - (size % blockBytes)) % blockBytes;
    return { [Symbol.asyncIterator]: () => this.#pieces() };
  }

  async skipRest(): Promise<void> {
    for await (const _ of this.#pieces());
    await this.exactly(this.#padding);
    this.#padding = 0;
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#left > 0) {
      const piece = await this.#upTo(this.#left);
      if (piece === undefined) throw broken();
      this.#left -= piece.length;
      yield piece;
    }
  }

  async #upTo(size: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#chunk = value;
    }
    const piece = this.#chunk.subarray(0, size);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }
}
