/**
 * The live streams of a container's first process.
 *
 * Output comes from the log, not from conmon's attach socket: conmon drops a client whose socket is full, and would lose
 * what came before the connection. The log has every byte in order, a slow reader only falls behind in it, and the kernel
 * tells of each write at once. Input goes through the attach socket, the only way in.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connectSeqpacketWriter } from '../linux/seqpacket.ts';
import { endOfLog, type LogPosition } from '../logs/log-files.ts';
import { type OutputEnd, readPieces } from '../logs/log-follower.ts';
import { bundlePath } from './bundle.ts';
import type { AttachSession } from './runtime.ts';
import { type RuntimeContext, requireLive } from './runtime-context.ts';

/** conmon reads one packet into a buffer of 8 KiB (older ones) or 32 KiB and drops what does not fit. */
const packetBytes = 8000;

export interface AttachOptions {
  readonly signal: AbortSignal;
  /** Opens the way to the container's input. Without it a session's end never ends that input. Default true. */
  readonly stdin?: boolean;
}

export async function attachContainer(
  context: RuntimeContext,
  id: string,
  options: AttachOptions,
): Promise<AttachSession> {
  const { record } = requireLive(context, id);
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const wantsInput = options.stdin !== false && record.openStdin;
  const input = wantsInput ? connectSeqpacketWriter(bundlePath(context.folders, id), 'attach') : undefined;
  const stdin = inputStream(input);
  const from = endOfLog(record.logPath);
  const close = () => {
    ending.abort();
    input?.destroy();
    stdin.destroy();
  };
  options.signal.addEventListener('abort', close, { once: true });
  return { stdin, output: output(record.logPath, from, exitOf(context, id), signal), close };
}

/** The container's exit as the end of its output: conmon writes the exit file when the log is complete. */
function exitOf(context: RuntimeContext, id: string): OutputEnd {
  return {
    done: () => context.exits.recorded(id) !== undefined,
    onDone: (listener) => context.exits.onChange(id, listener),
  };
}

async function* output(path: string, from: LogPosition, end: OutputEnd, signal: AbortSignal) {
  for await (const pieces of readPieces(path, { from, follow: true, end, signal })) {
    for (const piece of pieces) yield { stream: piece.stream, bytes: piece.bytes };
  }
}

/** Cuts what is written into packets, one under way at a time. Without a socket the input goes nowhere, as in Docker. */
function inputStream(socket: Socket | undefined): Duplex {
  let gone = socket === undefined;
  socket?.on('error', () => {
    // The container ended: it reads no more, and the exit is told elsewhere.
    gone = true;
  });
  const send = (chunk: Buffer, from: number, done: (error?: Error | null) => void): void => {
    if (gone || socket === undefined || from >= chunk.length) done();
    else socket.write(chunk.subarray(from, from + packetBytes), () => send(chunk, from + packetBytes, done));
  };
  return new Duplex({
    read() {
      this.push(null);
    },
    write(chunk: Buffer, _, done) {
      send(chunk, 0, done);
    },
    final(done) {
      if (gone || socket === undefined) return done();
      socket.end(() => done());
    },
    destroy(error, done) {
      socket?.destroy();
      done(error);
    },
    autoDestroy: false,
  });
}
