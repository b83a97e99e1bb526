import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { makeChunkRing, receiveChunks, sendChunks } from './chunk-channel.ts';

/** More than the ring holds, in pieces that do not divide it. */
const pieces = Array.from({ length: 150 }, () => randomBytes(77_777));
const sha = (chunks: readonly Buffer[]) => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};
const wholeSha = sha(pieces);

function channel(source: Readable) {
  const { port1, port2 } = new MessageChannel();
  const ring = makeChunkRing();
  const sent = sendChunks(source, ring, port1).finally(() => port1.close());
  return { sent, chunks: receiveChunks(ring, port2) };
}

describe('chunks from one thread to another', () => {
  it('arrive whole and in order, past the end of the ring', async () => {
    const { sent, chunks } = channel(Readable.from(pieces, { objectMode: false }));
    const hash = createHash('sha256');
    for await (const chunk of chunks) hash.update(chunk);
    await sent;
    expect(hash.digest('hex')).toBe(wholeSha);
  });

  it('arrive whole at a receiver that is slower than the sender', async () => {
    const { sent, chunks } = channel(Readable.from(pieces, { objectMode: false }));
    const hash = createHash('sha256');
    for await (const chunk of chunks) {
      hash.update(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sent;
    expect(hash.digest('hex')).toBe(wholeSha);
  });

  it('wait for a sender that is slower than the receiver', async () => {
    const slow = async function* () {
      for (const piece of pieces.slice(0, 20)) {
        await new Promise((resolve) => setImmediate(resolve));
        yield piece;
      }
    };
    const { sent, chunks } = channel(Readable.from(slow(), { objectMode: false }));
    const hash = createHash('sha256');
    for await (const chunk of chunks) hash.update(chunk);
    await sent;
    expect(hash.digest('hex')).toBe(sha(pieces.slice(0, 20)));
  });

  it('end without a byte for an empty stream', async () => {
    const { sent, chunks } = channel(Readable.from([], { objectMode: false }));
    for await (const chunk of chunks) expect(chunk).toBeUndefined();
    await sent;
  });

  it('stop, and the stream with them, when the receiver wants no more', async () => {
    const source = Readable.from(pieces, { objectMode: false });
    const { sent, chunks } = channel(source);
    for await (const chunk of chunks) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await sent;
    expect(source.destroyed).toBe(true);
  });

  it('carry the error of the stream to both sides, after what came before it', async () => {
    const broken = async function* () {
      yield pieces[0];
      throw new Error('cut off');
    };
    const { sent, chunks } = channel(Readable.from(broken(), { objectMode: false }));
    const sending = expect(sent).rejects.toThrow('cut off');
    let bytes = 0;
    await expect(
      (async () => {
        for await (const chunk of chunks) bytes += chunk.length;
      })(),
    ).rejects.toThrow('cut off');
    await sending;
    expect(bytes).toBe(pieces[0]?.length);
  });

  it('tell of a stream that was closed before its end', async () => {
    const source = new Readable({ read() {} });
    const { sent, chunks } = channel(source);
    const sending = expect(sent).rejects.toThrow(/before its end/);
    source.destroy();
    await expect(chunks.next()).rejects.toThrow(/before its end/);
    await sending;
  });
});
