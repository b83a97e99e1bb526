/** The parent's side: makes sockets in the host's network for the engine and hands them over. */
import type { ChildProcess } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { HostSocketReply, HostSocketRequest } from './host-socket-protocol.ts';
import { parseHostSocketRequest } from './host-socket-protocol.ts';

/** Tells who has a port, for the error text. */
export type DescribeHolder = (protocol: 'tcp' | 'udp', port: number) => string | undefined;

const connectLimitMs = 60_000;

/** Serves the engine until it ends. */
export function serveHostSockets(engine: ChildProcess, describeHolder: DescribeHolder): void {
  engine.on('message', (message: unknown) => {
    const request = parseHostSocketRequest(message);
    if (request === undefined) return;
    void answer(engine, request, describeHolder);
  });
}

async function answer(engine: ChildProcess, request: HostSocketRequest, describeHolder: DescribeHolder): Promise<void> {
  const { id } = request;
  try {
    const made = await make(request);
    // The engine's copy is a descriptor of its own; ours would take connections and datagrams away from it.
    send(engine, { id, ok: true }, made.handle, () => made.close());
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
    const protocol = request.kind === 'bind-udp' ? 'udp' : 'tcp';
    const holder = code === 'EADDRINUSE' ? describeHolder(protocol, request.port) : undefined;
    const message = error instanceof Error ? error.message : String(error);
    send(engine, { id, ok: false, code, message, ...(holder === undefined ? {} : { holder }) }, undefined, () => {});
  }
}

/** An engine that ended meanwhile needs no answer. */
function send(
  engine: ChildProcess,
  reply: HostSocketReply,
  handle: Server | Socket | UdpSocket | undefined,
  done: () => void,
): void {
  if (!engine.connected) {
    done();
    return;
  }
  engine.send(reply, handle, {}, () => done());
}

interface Made {
  readonly handle: Server | Socket | UdpSocket;
  close(): void;
}

async function make({ kind, host, port }: HostSocketRequest): Promise<Made> {
  switch (kind) {
    case 'listen-tcp': {
      const server = createServer();
      await settled(server, 'listening', () => server.listen({ host, port, ipv6Only: true }));
      return { handle: server, close: () => server.close() };
    }
    case 'bind-udp': {
      const isV6 = isIPv6(host);
      const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only: isV6 });
      await settled(socket, 'listening', () => socket.bind({ address: host, port, exclusive: true }));
      return { handle: socket, close: () => socket.close() };
    }
    case 'connect-tcp': {
      const socket = connect({ host, port });
      // What the peer says first is for the engine to read.
      socket.pause();
      socket.setTimeout(connectLimitMs, () =>
        socket.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
      );
      await settled(socket, 'connect', () => undefined);
      socket.setTimeout(0);
      return { handle: socket, close: () => undefined };
    }
  }
}

function settled(emitter: Server | Socket | UdpSocket, event: string, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    emitter.once('error', reject);
    emitter.once(event, () => {
      emitter.off('error', reject);
      emitter.on('error', () => undefined);
      resolve();
    });
    begin();
  });
}
