import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompressedChunks } from './decompress.ts';

const corrupt = expect.objectContaining({ code: 'layer.corrupt' });
const skippable = (bytes: number) => {
  const frame = Buffer.alloc(8 + bytes, 7);
  frame.writeUInt32LE(0x184d2a5e, 0);
  frame.writeUInt32LE(bytes, 4);
  return frame;
};
const unpacked = async (packed: Buffer, pieceBytes = packed.length) => {
  const pieces = async function* () {
    for (let at = 0; at < packed.length; at += pieceBytes) yield packed.subarray(at, at + pieceBytes);
  };
  const chunks: Buffer[] = [];
  for await (const chunk of decompressedChunks(pieces())) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
};
const withChecksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

describe('zstd of several frames', () => {
  const small = Buffer.from('small '.repeat(500));
  const noise = randomBytes(300_000);
  const zeros = Buffer.alloc(5_000_000);
  const packed = Buffer.concat([
    ...[skippable(5), zstdCompressSync(small), zstdCompressSync(Buffer.alloc(0)), skippable(0)],
    ...[
      zstdCompressSync(noise, withChecksum),
      zstdCompressSync(zeros),
      skippable(70_000),
      zstdCompressSync(small, withChecksum),
    ],
  ]);

  it.each([[311], [1000], [65_536], [packed.length]])('comes out whole in pieces of %s bytes', async (pieceBytes) => {
    const plain = await unpacked(packed, pieceBytes);
    expect(plain.equals(Buffer.concat([small, noise, zeros, small]))).toBe(true);
  });

  it('comes out whole byte by byte', async () => {
    const frames = Buffer.concat([skippable(300), zstdCompressSync(small, withChecksum), zstdCompressSync(zeros)]);
    expect((await unpacked(frames, 1)).equals(Buffer.concat([small, zeros]))).toBe(true);
  });

  it('is refused when it is cut anywhere but between frames', async () => {
    const two = Buffer.concat([zstdCompressSync(small), skippable(9), zstdCompressSync(small)]);
    const ends = new Set([zstdCompressSync(small).length, zstdCompressSync(small).length + 17]);
    for (let at = 5; at < two.length; at++)
      if (!ends.has(at)) await expect(unpacked(two.subarray(0, at)), `cut at ${at}`).rejects.toThrow();
  });

  it('is refused when something else follows, and when a frame wants more memory than 128 MiB', async () => {
    await expect(unpacked(Buffer.concat([zstdCompressSync(small), Buffer.from('something else')]))).rejects.toThrow(
      corrupt,
    );
    const window = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (28 - 10) << 3, 1, 0, 0]);
    await expect(unpacked(window)).rejects.toMatchObject({ code: 'ZSTD_error_frameParameter_windowTooLarge' });
  });

  it('closes its source when its reader leaves', async () => {
    let closed = false;
    const source = async function* () {
      try {
        for (;;) yield packed;
      } finally {
        closed = true;
      }
    };
    for await (const _ of decompressedChunks(source())) break;
    await expect.poll(() => closed).toBe(true);
  });
});
