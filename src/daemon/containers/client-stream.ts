import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { createDetachWatch } from './detach-keys.ts';
import { framePieces, joinPieces, type OutputPiece, type OutputStream } from './stream-framing.ts';

/** Held back before the connection is there; more makes the source wait. */
const maxPendingBytes = 1024 * 1024;

export interface ClientOutput {
  /** Answers a promise of room when the client is behind. It never rejects; a client that has gone takes everything. */
  write(pieces: readonly OutputPiece[]): Promise<void> | undefined;
  /** No more output will come. */
  end(): void;
  /** Begins to write to the connection. Answers when the output has ended and is written, or the client has gone. */
  serve(connection: Duplex): Promise<void>;
  /** Ends it from our side: a detached client, a session that is not wanted. */
  cancel(): void;
}

export interface ClientOutputOptions {
  readonly tty: boolean;
  readonly streams: ReadonlySet<OutputStream>;
  /** Called once, however it ends. */
  readonly onLeave: () => void;
}

/** One client's side of an output: framed or raw, kept until its connection is there, with back-pressure. */
export function createClientOutput({ tty, streams, onLeave }: ClientOutputOptions): ClientOutput {
  const pending: Buffer[] = [];
  let pendingBytes = 0;
  let connection: Duplex | undefined;
  let ended = false;
  let left = false;
  const room = new Set<() => void>();
  const done = Promise.withResolvers<void>();

  function leave(): void {
    if (left) return;
    left = true;
    for (const resume of room) resume();
    room.clear();
    onLeave();
    done.resolve();
  }

  function waitForRoom(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    room.add(resolve);
    return promise;
  }

  function resume(): void {
    for (const go of room) go();
    room.clear();
  }

  function finish(): void {
    if (!connection) return;
    if (connection.writableEnded || connection.destroyed) leave();
    else connection.end(leave);
  }

  return {
    write(pieces) {
      if (left || ended) return undefined;
      const wanted = pieces.filter((piece) => streams.has(piece.stream));
      if (wanted.length === 0) return undefined;
      const chunk = tty ? joinPieces(wanted) : framePieces(wanted, { join: true });
      if (!connection) {
        pending.push(chunk);
        pendingBytes += chunk.length;
        return pendingBytes < maxPendingBytes ? undefined : waitForRoom();
      }
      if (connection.destroyed || connection.writableEnded) return undefined;
      return connection.write(chunk) ? undefined : waitForRoom();
    },
    end() {
      if (ended) return;
      ended = true;
      finish();
    },
    cancel() {
      ended = true;
      if (connection) finish();
      else leave();
    },
    async serve(taken) {
      connection = taken;
      taken.on('drain', resume);
      taken.once('close', leave);
      taken.on('error', () => taken.destroy());
      if (taken.destroyed) leave();
      else {
        for (const chunk of pending.splice(0)) taken.write(chunk);
        resume();
        if (ended) finish();
      }
      await done.promise;
    },
  };
}

export interface InputOptions {
  /** undefined: no keys are watched for. */
  readonly detachKeys: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/**
 * Copies a client's input to a process, with back-pressure. Answers how it ended: 'end' when the client closed its side,
 * 'detached' by the detach keys, 'gone' when the process no longer takes input or the client broke off.
 */
export async function pumpInput(
  connection: Duplex,
  target: NodeJS.WritableStream,
  { detachKeys, signal }: InputOptions,
): Promise<'end' | 'detached' | 'gone'> {
  const watch = detachKeys && createDetachWatch(detachKeys);
  const broken = new AbortController();
  const stop = AbortSignal.any([signal, broken.signal]);
  // A process may close its input, or end, while its client still types.
  const onBroken = () => broken.abort();
  target.once('error', onBroken);
  target.once('close', onBroken);
  try {
    // Half-closing is the client's way to say end of file; the connection must stay writable for the output.
    for await (const chunk of connection.iterator({ destroyOnReturn: false })) {
      if (stop.aborted) return 'gone';
      const { pass, detached } = watch ? watch.feed(chunk) : { pass: chunk, detached: false };
      if (pass.length > 0 && !target.write(pass)) await once(target, 'drain', { signal: stop });
      if (detached) return 'detached';
    }
    return 'end';
  } catch {
    return 'gone';
  } finally {
    target.off('error', onBroken);
    target.off('close', onBroken);
  }
}
