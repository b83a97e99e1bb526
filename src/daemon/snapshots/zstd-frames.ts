/**
 * Zstandard of several frames, as zstd:chunked, eStargz's sibling and parallel packers write: Node's decoder stops at the end
 * of the first. So frames are told apart here, by their headers alone, and each is decoded for itself.
 *
 *     skippable frame:  magic, size, bytes                                  left out
 *     frame:            magic, header, (block header, block)..., checksum   decoded
 *
 * Source: RFC 8878, 3.1.
 */
import { pipeline, Readable } from 'node:stream';
import { createZstdDecompress, constants as zlib, zstdDecompressSync } from 'node:zlib';
import { corrupt } from './tar-parser.ts';

/** What is smaller is decoded at once: a layer may have tens of thousands of frames, and a stream for each takes long. */
const smallFrameBytes = 64 << 10;
const smallPlainBytes = 1 << 20;
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
/** Memory a frame may ask for: 128 MiB, as much as the zstd command allows without being told. */
const params = { [zlib.ZSTD_d_windowLogMax]: 27 };

export interface ZstdOptions {
  readonly chunkSize: number;
  readonly highWaterMark: number;
}

/** @throws WharfError 'layer.corrupt', and the decoder's own errors */
export async function* unpackZstd(packed: AsyncIterable<Buffer>, options: ZstdOptions): AsyncGenerator<Buffer> {
  const pieces = framePieces(packed);
  try {
    for (;;) {
      const first: Buffer[] = [];
      let size = 0;
      let ended = false;
      while (!ended && size <= smallFrameBytes) {
        const { value, done } = await pieces.next();
        if (done === true) {
          if (size === 0) return;
          throw corrupt('it ends in the middle of a zstd frame');
        }
        first.push(value.bytes);
        size += value.bytes.length;
        ended = value.last;
      }
      const plain = ended ? decodeSmall(Buffer.concat(first)) : undefined;
      if (plain === undefined) yield* decodeLarge(first, ended, pieces, options);
      else if (plain.length > 0) yield plain;
    }
  } finally {
    await pieces.return(undefined);
  }
}

/** Undefined when it is not so small unpacked. */
function decodeSmall(frame: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(frame, { params, maxOutputLength: smallPlainBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}

async function* decodeLarge(
  first: readonly Buffer[],
  isWhole: boolean,
  pieces: AsyncGenerator<FramePiece>,
  options: ZstdOptions,
): AsyncGenerator<Buffer> {
  const frame = async function* () {
    yield* first;
    for (let ended = isWhole; !ended; ) {
      const { value, done } = await pieces.next();
      if (done === true) throw corrupt('it ends in the middle of a zstd frame');
      ended = value.last;
      yield value.bytes;
    }
  };
  const decoder = createZstdDecompress({ ...options, params });
  // Whoever reads the decoder gets the error.
  pipeline(Readable.from(frame(), { objectMode: false }), decoder, () => undefined);
  yield* decoder;
}

interface FramePiece {
  readonly bytes: Buffer;
  /** The frame ends with it. */
  readonly last: boolean;
}

/** The bytes of frames that hold something, cut where a frame ends. */
async function* framePieces(packed: AsyncIterable<Buffer>): AsyncGenerator<FramePiece, undefined> {
  const scanner = new FrameScanner();
  for await (const chunk of packed) {
    let at = 0;
    while (at < chunk.length) {
      const { end, inFrame, last } = scanner.scan(chunk, at);
      const bytes = chunk.subarray(at, end);
      at = end;
      // The magic of a frame that is kept may lie in the chunk before; it says nothing new, so it is written anew.
      if (inFrame) yield { bytes: scanner.takeMagic(bytes), last };
    }
  }
  if (!scanner.isBetween) throw corrupt('it ends in the middle of a zstd frame');
  return undefined;
}

type Field = 'magic' | 'skip-size' | 'skip' | 'descriptor' | 'header' | 'block-header' | 'block' | 'checksum';

class FrameScanner {
  #field: Field = 'magic';
  /** Bytes left of the field, and its value so far, the lowest byte first. */
  #left = 4;
  #value = 0;
  #got = 0;
  #hasChecksum = false;
  #lastBlock = false;
  #magicOwed = false;

  get isBetween(): boolean {
    return this.#field === 'magic' && this.#got === 0;
  }

  /** Goes on to the frame's end or the chunk's; `inFrame` when the bytes from `at` to `end` are part of a frame to decode. */
  scan(chunk: Buffer, at: number): { readonly end: number; readonly inFrame: boolean; readonly last: boolean } {
    let end = at;
    const inFrame = !this.#isOutside();
    while (end < chunk.length) {
      const count = Math.min(this.#left, chunk.length - end);
      if (this.#left <= 4 && !['skip', 'block', 'header'].includes(this.#field)) {
        for (let step = 0; step < count; step++)
          this.#value += (chunk[end + step] ?? 0) * 2 ** (8 * (this.#got + step));
      }
      this.#got += count;
      this.#left -= count;
      end += count;
      if (this.#left > 0) break;
      const wasOutside = this.#isOutside();
      this.#next();
      if (wasOutside !== this.#isOutside()) return { end, inFrame, last: !wasOutside };
    }
    return { end, inFrame, last: false };
  }

  /** The bytes, with the frame's magic before them when they are its first. */
  takeMagic(bytes: Buffer): Buffer {
    if (!this.#magicOwed) return bytes;
    this.#magicOwed = false;
    return Buffer.concat([magicBytes, bytes]);
  }

  #isOutside(): boolean {
    return this.#field === 'magic' || this.#field === 'skip-size' || this.#field === 'skip';
  }

  #expect(field: Field, bytes: number): void {
    this.#field = field;
    this.#left = bytes;
    this.#value = 0;
    this.#got = 0;
    if (bytes === 0) this.#next();
  }

  #next(): void {
    const value = this.#value;
    switch (this.#field) {
      case 'magic':
        if (value === frameMagic) {
          this.#magicOwed = true;
          this.#expect('descriptor', 1);
        } else if (value >= skippableMagic && value < skippableMagic + 16) this.#expect('skip-size', 4);
        else throw corrupt('something that is no zstd frame follows one');
        return;
      case 'skip-size':
        this.#expect('skip', value);
        return;
      case 'descriptor':
        this.#hasChecksum = (value & 4) !== 0;
        this.#expect('header', headerBytes(value));
        return;
      case 'block-header': {
        this.#lastBlock = (value & 1) === 1;
        const type = (value >> 1) & 3;
        if (type === 3) throw corrupt('a zstd block of a reserved type');
        // A block of one byte repeated has just that byte.
        this.#expect('block', type === 1 ? 1 : value >> 3);
        return;
      }
      case 'block':
        if (!this.#lastBlock) this.#expect('block-header', 3);
        else if (this.#hasChecksum) this.#expect('checksum', 4);
        else this.#expect('magic', 4);
        return;
      case 'header':
        this.#expect('block-header', 3);
        return;
      case 'skip':
      case 'checksum':
        this.#expect('magic', 4);
        return;
    }
  }
}

const magicBytes = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** What follows the descriptor: window, dictionary, content size. */
function headerBytes(descriptor: number): number {
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const size = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (isSingle ? 0 : 1) + dictionary + size;
}
