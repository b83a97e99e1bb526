/**
 * Bytes from one thread to another, with back-pressure: at most `windowChunks` are under way.
 *
 *     sender ── chunk ──► receiver        sender ── end | error ──► receiver
 *     sender ◄── taken ── receiver        sender ◄── stop ── receiver
 */
import type { Readable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

type Downstream =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly message: string };
type Upstream = { readonly kind: 'taken' } | { readonly kind: 'stop' };

const windowChunks = 16;

/** Sends the whole stream; resolves when all went out or the receiver wants no more. Throws what the stream throws. */
export async function sendChunks(source: Readable, port: MessagePort): Promise<void> {
  let room = windowChunks;
  let stopped = false;
  let wake: (() => void) | undefined;
  port.on('message', (message: Upstream) => {
    if (message.kind === 'stop') stopped = true;
    else room++;
    wake?.();
  });
  port.on('close', () => {
    stopped = true;
    wake?.();
  });
  const post = (message: Downstream) => port.postMessage(message);
  try {
    for await (const bytes of source) {
      if (stopped) break;
      post({ kind: 'chunk', bytes });
      room--;
      while (room === 0 && !stopped) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    post({ kind: 'end' });
  } catch (error) {
    post({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    // Closing right away would drop messages; the receiver closes its side.
    port.unref();
  }
}

/** The other end. Leaving the loop early tells the sender to stop. */
export async function* receiveChunks(port: MessagePort): AsyncGenerator<Buffer> {
  const queue: Downstream[] = [];
  let wake: (() => void) | undefined;
  port.on('message', (message: Downstream) => {
    queue.push(message);
    wake?.();
  });
  const tell = (message: Upstream) => port.postMessage(message);
  try {
    for (;;) {
      const message = queue.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (message.kind === 'end') return;
      if (message.kind === 'error') throw new Error(message.message);
      yield Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.byteLength);
      tell({ kind: 'taken' });
    }
  } finally {
    tell({ kind: 'stop' });
    port.close();
  }
}
