/**
 * Attaching clients to a container's main process.
 *
 * Output is read from the container's log, each client at its own pace and from where the log stood when it attached: it
 * misses nothing, however late its connection is served, and a slow one holds up neither the container nor the others.
 * Input goes through conmon's attach socket (container-stdin.ts).
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { errnoOf } from '../linux/mount.ts';
import { endOfLog, type LogPosition, logStart } from '../logs/log-files.ts';
import { type OutputEnd, readPieces } from '../logs/log-follower.ts';
import { type ClientOutput, createClientOutput, pumpInput } from './client-stream.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import type { AttachQuery, RawStreamType, StreamSession } from './container-service.ts';
import { parseDetachKeys } from './detach-keys.ts';
import { outputPath } from './log-keeping.ts';
import { refusalError } from './refusals.ts';
import type { OutputStream } from './stream-framing.ts';

export function streamType(tty: boolean): RawStreamType {
  return tty ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream';
}

/**
 * POST /containers/{id}/attach. The client is registered when this answers: attached before the start, it gets all output.
 * @throws WharfError 'container.paused' | 'container.not-running' (restarting)
 */
export function attachContainer(context: ContainerContext, ref: string, query: AttachQuery): StreamSession {
  const handle = context.find(ref);
  const { config } = handle.record;
  const detachKeys = parseDetachKeys(query.detachKeys ?? '');
  if (handle.state.kind === 'paused') {
    throw new WharfError('container.paused', `container ${ref} is paused, unpause the container before attach`);
  }
  if (handle.state.kind === 'restarting') throw refusalError(handle, 'restarting');
  const tty = config.Tty ?? false;
  const left = new AbortController();
  const streams = wantedStreams(query, tty);
  const done = query.stream && streams.size > 0 ? handle.waiters.addReader() : undefined;
  const onLeave = () => {
    left.abort();
    done?.();
  };
  const client = createClientOutput({ tty, streams, onLeave });
  // Who wants no stream at all has nothing to wait for.
  const follow = query.stream && (streams.size > 0 || query.stdin);
  const signal = AbortSignal.any([left.signal, context.signal]);
  void copyOutput(context, handle, client, { logs: query.logs, follow }, signal);
  context.announce(handle, 'attach');
  return {
    contentType: streamType(tty),
    async serve(connection) {
      const served = client.serve(connection);
      if (query.stdin && query.stream && config.OpenStdin) {
        void serveInput(context, handle, connection, client, { detachKeys, signal });
      }
      await served;
    },
    cancel: () => client.cancel(),
  };
}

function wantedStreams(query: AttachQuery, tty: boolean): ReadonlySet<OutputStream> {
  const streams = new Set<OutputStream>();
  // A terminal has one stream, which is its stdout.
  if (query.stdout) streams.add('stdout');
  if (query.stderr && !tty) streams.add('stderr');
  return streams;
}

async function copyOutput(
  context: ContainerContext,
  handle: ContainerHandle,
  client: ClientOutput,
  { logs, follow }: { readonly logs: boolean; readonly follow: boolean },
  signal: AbortSignal,
): Promise<void> {
  const path = outputPath(context, handle.record);
  // The folder of an output that is not kept may not be there yet, and who waits for the file watches it.
  mkdirSync(dirname(path), { recursive: true, mode: 0o710 });
  const from = logs ? logStart : endOfLog(path);
  const end = endOfRun(handle);
  const reader = { offset: from.offset };
  handle.output.readers.add(reader);
  const onRead = ({ offset }: LogPosition) => {
    reader.offset = offset;
  };
  try {
    for await (const pieces of readPieces(path, { from, follow, end, signal, onRead })) {
      await client.write(pieces);
    }
  } catch (error) {
    context.log.warn('The output of a container could not be read.', { id: handle.id, error });
  } finally {
    end.forget();
    handle.output.readers.delete(reader);
  }
  client.end();
}

/** The end of the run that is under way or comes next. It stays ended when the container is started again. */
function endOfRun(handle: ContainerHandle): OutputEnd & { forget(): void } {
  let done = false;
  const listeners = new Set<() => void>();
  const forget = handle.waiters.onOutputEnd(() => {
    done = true;
    for (const listener of listeners) listener();
  });
  return {
    done: () => done,
    onDone(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    forget,
  };
}

async function serveInput(
  context: ContainerContext,
  handle: ContainerHandle,
  connection: Duplex,
  client: ClientOutput,
  { detachKeys, signal }: { readonly detachKeys: Uint8Array; readonly signal: AbortSignal },
): Promise<void> {
  const { Tty: tty, StdinOnce: stdinOnce } = handle.record.config;
  try {
    const stdin = await handle.stdin.writer(signal);
    const how = await pumpInput(connection, stdin, { detachKeys: tty ? detachKeys : undefined, signal });
    if (how === 'detached') {
      context.announce(handle, 'detach');
      client.cancel();
    } else if (how === 'end' && stdinOnce && !tty) {
      stdin.end();
    }
  } catch (error) {
    // Its end is known from its exit, which may be about to be noticed; input that is late for it is nobody's fault.
    if (signal.aborted || hasNoReader(error)) return;
    context.log.warn('The input of a container broke.', { id: handle.id, error });
  }
}

/** The process has ended: the runtime knows it, or conmon took the socket away, or hung up. */
function hasNoReader(error: unknown): boolean {
  if (isWharfError(error, 'container.not-running')) return true;
  return ['ENOENT', 'ECONNREFUSED', 'EPIPE', 'ENOTCONN'].includes(errnoOf(error) ?? '');
}
