/** One file of a log, entry by entry: as conmon writes it, or compressed after it was put aside. */
import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { type LogPiece, parseChunk } from './k8s-file.ts';
import type { OpenLogFile } from './log-files.ts';

export interface PieceReader {
  readonly number: number;
  readonly inode: bigint;
  readonly compressed: boolean;
  /** Of the text; all before it has been read. */
  readonly offset: number;
  /** The next whole lines; undefined at the present end. */
  read(): Promise<readonly LogPiece[] | undefined>;
  /** What follows the last whole line. */
  rest(): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** Every reader holds one, with the entries in it: fifty clients of one log are no rarity. */
const chunkBytes = 256 * 1024;

export async function createPieceReader(file: OpenLogFile, offset: number): Promise<PieceReader> {
  return file.compressed ? new CompressedFile(file, offset) : new GrowingFile(file, offset);
}

/** A file that grows, and may be cut to nothing. */
class GrowingFile implements PieceReader {
  readonly number: number;
  readonly inode: bigint;
  readonly compressed = false;
  readonly #handle: FileHandle;
  #position: number;

  constructor({ number, inode, handle }: OpenLogFile, offset: number) {
    this.number = number;
    this.inode = inode;
    this.#handle = handle;
    this.#position = offset;
  }

  get offset(): number {
    return this.#position;
  }

  async read(): Promise<readonly LogPiece[] | undefined> {
    for (let limit = chunkBytes; ; limit *= 2) {
      const chunk = await this.#chunk(limit);
      if (chunk === undefined) return undefined;
      const { pieces, consumed } = parseChunk(chunk);
      this.#position += consumed;
      if (consumed > 0) return pieces;
      // A line longer than the buffer is read with a larger one; conmon writes none, but another writer may.
      if (chunk.length < limit) return undefined;
    }
  }

  async #chunk(limit: number): Promise<Buffer | undefined> {
    const { size } = await this.#handle.stat();
    if (size < this.#position) this.#position = 0;
    const length = Math.min(limit, size - this.#position);
    if (length === 0) return undefined;
    const buffer = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, this.#position);
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }

  rest(): Promise<Buffer | undefined> {
    return this.#chunk(chunkBytes);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

class CompressedFile implements PieceReader {
  readonly number: number;
  readonly inode: bigint;
  readonly compressed = true;
  readonly #handle: FileHandle;
  readonly #text: AsyncIterator<Buffer>;
  #skip: number;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor({ number, inode, handle }: OpenLogFile, offset: number) {
    this.number = number;
    this.inode = inode;
    this.#handle = handle;
    this.#skip = offset;
    const gunzip = createGunzip({ chunkSize: 256 * 1024 });
    const source = handle.createReadStream({ autoClose: false, start: 0 });
    source.on('error', (error) => gunzip.destroy(error));
    this.#text = source.pipe(gunzip)[Symbol.asyncIterator]();
  }

  get offset(): number {
    return this.#offset;
  }

  async read(): Promise<readonly LogPiece[] | undefined> {
    for (;;) {
      const { value, done } = await this.#text.next();
      if (done === true) return undefined;
      const skipped = Math.min(this.#skip, value.length);
      this.#skip -= skipped;
      this.#offset += skipped;
      if (skipped === value.length) continue;
      const text = Buffer.concat([this.#rest, value.subarray(skipped)]);
      const { pieces, consumed } = parseChunk(text);
      this.#offset += consumed;
      this.#rest = text.subarray(consumed);
      if (pieces.length > 0) return pieces;
    }
  }

  async rest(): Promise<Buffer | undefined> {
    return this.#rest.length === 0 ? undefined : this.#rest;
  }

  async close(): Promise<void> {
    await this.#text.return?.();
    await this.#handle.close();
  }
}
