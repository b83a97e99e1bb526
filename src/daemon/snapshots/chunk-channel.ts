/**
 * Bytes from one thread to another through memory both see: a ring the sender copies into and the receiver reads from.
 * Messages only wake a side that sleeps; a message a chunk cost more than unpacking what was in it.
 *
 *     sender ── data (the receiver slept) | end | error ──► receiver
 *     sender ◄── room (the sender slept) | stop ────────── receiver
 *
 * Both counters run on over the ring's end; their difference is what lies in it. A side says that it sleeps, and then looks
 * once more: so no wake-up is lost.
 */
import type { Readable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

type Downstream =
  | { readonly kind: 'data' }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly message: string };
type Upstream = { readonly kind: 'room' } | { readonly kind: 'stop' };

/** A power of two, so that counters that wrap at 2^32 still point to the right byte. */
const ringBytes = 8 << 20;
/** Less does not wake the receiver; the end does, whatever there is. On a busy machine a wake-up waits for its turn. */
const dataWorthBytes = 1 << 20;
/** Words of the ring's head. */
const written = 0;
const taken = 1;
const receiverSleeps = 2;
const senderSleeps = 3;
const headBytes = 16;

/** What both threads hold. Made by the sender and handed over in a message. */
export type ChunkRing = SharedArrayBuffer;

export function makeChunkRing(): ChunkRing {
  return new SharedArrayBuffer(headBytes + ringBytes);
}

function viewsOf(ring: ChunkRing) {
  const head = new Int32Array(ring, 0, headBytes / 4);
  return {
    head,
    bytes: Buffer.from(ring, headBytes, ringBytes),
    /** Bytes that lie in the ring. */
    filled: () => (Atomics.load(head, written) - Atomics.load(head, taken)) >>> 0,
    positionOf: (counter: number) => (Atomics.load(head, counter) >>> 0) % ringBytes,
  };
}

/** Sends the whole stream; resolves when all went out or the receiver wants no more. Throws what the stream throws. */
export function sendChunks(source: Readable, ring: ChunkRing, port: MessagePort): Promise<void> {
  const { head, bytes, filled, positionOf } = viewsOf(ring);
  const post = (message: Downstream) => port.postMessage(message);
  let rest: Buffer = Buffer.alloc(0);
  let ended = false;

  /** Copies what there is room for; answers what is left. */
  const put = (chunk: Buffer): Buffer => {
    const at = positionOf(written);
    const count = Math.min(chunk.length, ringBytes - filled());
    const first = Math.min(count, ringBytes - at);
    chunk.copy(bytes, at, 0, first);
    chunk.copy(bytes, 0, first, count);
    Atomics.add(head, written, count);
    if (filled() >= dataWorthBytes && Atomics.exchange(head, receiverSleeps, 0) === 1) post({ kind: 'data' });
    return chunk.subarray(count);
  };

  return new Promise((resolve, reject) => {
    // Closing right away would drop messages; the receiver closes its side.
    const settle = (answer: () => void) => {
      port.unref();
      answer();
    };
    const finish = () => {
      post({ kind: 'end' });
      settle(resolve);
    };
    const fail = (error: Error) => {
      post({ kind: 'error', message: error.message });
      settle(() => reject(error));
    };
    const stop = () => {
      if (!ended) source.destroy();
      settle(resolve);
    };
    /** Puts what is left; false while there is no room for all of it. */
    const push = (): boolean => {
      while (rest.length > 0) {
        rest = put(rest);
        if (rest.length === 0) break;
        Atomics.store(head, senderSleeps, 1);
        if (filled() === ringBytes) return false;
        Atomics.store(head, senderSleeps, 0);
      }
      return true;
    };
    port.on('message', (message: Upstream) => {
      if (message.kind === 'stop') stop();
      else if (push()) {
        if (ended) finish();
        else source.resume();
      }
    });
    port.on('close', stop);
    source.on('data', (chunk: Buffer) => {
      rest = chunk;
      if (!push()) source.pause();
    });
    source.once('end', () => {
      ended = true;
      if (rest.length === 0) finish();
    });
    source.once('error', fail);
    source.once('close', () => {
      if (!ended) fail(new Error('the stream was closed before its end'));
    });
  });
}

/**
 * The other end. Each chunk is valid until the next is asked for: its memory is the ring's. Leaving the loop early tells
 * the sender to stop.
 */
export async function* receiveChunks(ring: ChunkRing, port: MessagePort): AsyncGenerator<Buffer> {
  const { head, bytes, filled, positionOf } = viewsOf(ring);
  let over: Downstream | undefined;
  let wake: (() => void) | undefined;
  port.on('message', (message: Downstream) => {
    if (message.kind !== 'data') over = message;
    wake?.();
  });
  const tell = (message: Upstream) => port.postMessage(message);
  try {
    for (;;) {
      const count = filled();
      if (count === 0) {
        if (over?.kind === 'error') throw new Error(over.message);
        if (over !== undefined) return;
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        Atomics.store(head, receiverSleeps, 1);
        if (filled() === 0) await woken;
        Atomics.store(head, receiverSleeps, 0);
        continue;
      }
      const at = positionOf(taken);
      const size = Math.min(count, ringBytes - at, maxChunkBytes);
      yield bytes.subarray(at, at + size);
      Atomics.add(head, taken, size);
      if (ringBytes - filled() >= roomWorthBytes && Atomics.exchange(head, senderSleeps, 0) === 1)
        tell({ kind: 'room' });
    }
  } finally {
    tell({ kind: 'stop' });
    port.close();
  }
}

const maxChunkBytes = 1 << 20;
/** Of room: less is not worth a message. */
const roomWorthBytes = ringBytes / 2;
