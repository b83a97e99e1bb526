import type { Duplex } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import { type ClientOutput, createClientOutput, pumpInput } from './client-stream.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { logPath } from './container-record.ts';
import type { AttachQuery, RawStreamType, StreamSession } from './container-service.ts';
import { isLive } from './container-state.ts';
import { parseDetachKeys } from './detach-keys.ts';
import { refusalError } from './refusals.ts';
import type { OutputStream } from './stream-framing.ts';

export function streamType(tty: boolean): RawStreamType {
  return tty ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream';
}

/**
 * POST /containers/{id}/attach. The client is registered when this answers: attached before the start, it gets all output.
 * @throws WharfError 'container.paused' | 'container.not-running' (restarting)
 */
export async function attachContainer(
  context: ContainerContext,
  ref: string,
  query: AttachQuery,
): Promise<StreamSession> {
  const handle = context.find(ref);
  const { config } = handle.record;
  const detachKeys = parseDetachKeys(query.detachKeys ?? '');
  if (handle.state.kind === 'paused') {
    throw new WharfError('container.paused', `container ${ref} is paused, unpause the container before attach`);
  }
  if (handle.state.kind === 'restarting') throw refusalError(handle, 'restarting');
  const tty = config.Tty ?? false;
  const streams = new Set<OutputStream>();
  // A terminal has one stream for both.
  if (query.stdout || (tty && query.stderr)) streams.add('stdout');
  if (query.stderr) streams.add('stderr');
  const left = new AbortController();
  let leaveBroker: () => void = () => undefined;
  const client = createClientOutput({
    tty,
    streams,
    onLeave() {
      leaveBroker();
      left.abort();
    },
  });
  // `docker attach` to what does not run and will not by itself: nothing will ever come.
  const willRun = isLive(handle.state) || handle.state.kind === 'starting' || handle.state.kind === 'created';
  const follows = query.stream && (willRun || handle.state.kind === 'exited');
  if (follows) leaveBroker = handle.broker.add(client);
  if (follows && isLive(handle.state)) {
    await handle.broker.connect().catch((error: unknown) => {
      // Between our look and the connection it may have ended: its end is dealt with elsewhere and ends this client.
      if (isLive(handle.state)) throw error;
    });
  }
  if (!follows) client.end();
  context.announce(handle, 'attach');
  return {
    contentType: streamType(tty),
    async serve(connection) {
      const served = client.serve(connection);
      if (query.logs) await replayLog(context, handle, client, left.signal);
      if (query.stdin && query.stream && config.OpenStdin) {
        void serveInput(context, handle, connection, client, { tty, detachKeys, signal: left.signal });
      }
      await served;
    },
    cancel: () => client.cancel(),
  };
}

async function serveInput(
  context: ContainerContext,
  handle: ContainerHandle,
  connection: Duplex,
  client: ClientOutput,
  options: { readonly tty: boolean; readonly detachKeys: Uint8Array; readonly signal: AbortSignal },
): Promise<void> {
  const { tty, detachKeys, signal } = options;
  try {
    const stdin = await handle.broker.stdin(signal);
    const how = await pumpInput(connection, stdin, { detachKeys: tty ? detachKeys : undefined, signal });
    if (how === 'detached') {
      context.announce(handle, 'detach');
      client.cancel();
    } else if (how === 'end' && handle.record.config.StdinOnce && !tty) {
      stdin.end();
    }
  } catch (error) {
    if (!signal.aborted) context.log.warn('The input of a container broke.', { id: handle.id, error });
  }
}

async function replayLog(
  context: ContainerContext,
  handle: ContainerHandle,
  client: ClientOutput,
  signal: AbortSignal,
): Promise<void> {
  const log = context.openLog(logPath(context.dataRoot, handle.id));
  const options = { stdout: true, stderr: true, follow: false, signal };
  for await (const batch of log.read(options, { done: () => true, onDone: () => () => undefined })) {
    for (const { stream, bytes } of batch) await client.write(stream, bytes);
  }
}
