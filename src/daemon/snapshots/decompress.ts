/** A layer's bytes, unpacked. How they are packed is read from their first bytes: media types are wrong at times. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WharfError } from '../../contract/errors.ts';
import { unpackZstd } from './zstd-frames.ts';

export type Packing = 'none' | 'gzip' | 'zstd';

const chunkBytes = 1 << 20;
/** Lets decompression, which runs in libuv's pool, go on while the chunks before are being written. */
const readAheadBytes = 4 << 20;

/** @throws WharfError 'image.unsupported' for bzip2 and xz, which neither OCI nor Docker registries hold */
export function detectPacking(head: Buffer): Packing {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 0x08) return 'gzip';
  if (head.length >= 4) {
    const magic = head.readUInt32LE(0);
    // The second is zstd's range of skippable frames (RFC 8878, 3.1.2).
    if (magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50) return 'zstd';
  }
  if (head.toString('latin1', 0, 3) === 'BZh' || head.toString('latin1', 0, 6) === '\xfd7zXZ\0') {
    throw new WharfError('image.unsupported', 'the layer is packed with bzip2 or xz', {
      hint: 'Pack layers with gzip or zstd.',
    });
  }
  return 'none';
}

/** The plain bytes of `packed`, whose first bytes are `head` (at least 6, or all there are). */
export function decompressed(packed: Readable, head: Buffer): Readable {
  const packing = detectPacking(head);
  if (packing === 'none') return packed;
  const options = { chunkSize: chunkBytes, highWaterMark: readAheadBytes };
  if (packing === 'zstd')
    return Readable.from(unpackZstd(packed, options), { objectMode: false, highWaterMark: readAheadBytes });
  const unpacker = createGunzip(options);
  // `pipe` alone would lose the source's errors.
  packed.on('error', (error) => unpacker.destroy(error));
  unpacker.on('close', () => packed.destroy());
  return packed.pipe(unpacker);
}

/** Enough to tell every packing apart. */
const headBytes = 8;

/** The first bytes, as a copy of their own, and what comes after them. */
export async function takeHead(
  chunks: AsyncIterable<Buffer>,
): Promise<{ readonly head: Buffer; readonly rest: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let length = 0;
  while (length < headBytes) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    first.push(Buffer.from(value));
    length += value.length;
  }
  return { head: Buffer.concat(first), rest: { [Symbol.asyncIterator]: () => iterator } };
}

/**
 * As above for chunks whose head is not known yet. Plain ones are handed on as they are, without a stream in between; each
 * is valid until the next is asked for, as it came (see chunk-channel.ts).
 */
export async function* decompressedChunks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { head, rest } = await takeHead(chunks);
  if (detectPacking(head) === 'none') {
    yield head;
    yield* rest;
    return;
  }
  // An unpacker keeps what it is given until it comes to it.
  const copies = async function* () {
    yield head;
    for await (const chunk of rest) yield Buffer.from(chunk);
  };
  yield* decompressed(Readable.from(copies(), { objectMode: false }), head);
}

/** Whether an error came out of zlib or zstd: then the bytes are damaged. */
export function isUnpackError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return /^(?:Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD)/.test(error.code);
}
