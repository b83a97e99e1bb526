/** The engine's side: asks the parent for sockets in the host's network. */
import type { Socket as UdpSocket } from 'node:dgram';
import { Socket as UdpSocketClass } from 'node:dgram';
import { Server, Socket } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import { type HostSocketKind, parseHostSocketReply } from './host-socket-protocol.ts';

export interface HostSockets {
  /** Listening already. Hand it to the `listen` of the server that is to have its connections, in the same turn. */
  listenTcp(host: string, port: number): Promise<Server>;
  bindUdp(host: string, port: number): Promise<UdpSocket>;
  /** Connected, with nothing read yet; names are resolved by the host. */
  connectTcp(host: string, port: number): Promise<Socket>;
}

/** `code` is the host's errno name; `holder` names who has the port, where that is known. */
export class HostSocketError extends Error {
  readonly code: string;
  readonly holder: string | undefined;
  constructor(message: string, code: string, holder: string | undefined) {
    super(message);
    this.code = code;
    this.holder = holder;
  }
}

type Handle = Server | Socket | UdpSocket | undefined;

const maxPending = 4096;

/** @throws WharfError 'internal' when there is no parent to ask */
export function hostSocketsOfParent(): HostSockets {
  const { send } = process;
  if (send === undefined) throw new WharfError('internal', '--rootless: the engine was not started by its parent');
  const pending = new Map<number, { resolve(handle: Handle): void; reject(error: Error): void }>();
  let nextId = 1;
  process.on('message', (message: unknown, handle: unknown) => {
    const reply = parseHostSocketReply(message);
    const asker = reply && pending.get(reply.id);
    if (reply === undefined || asker === undefined) return;
    pending.delete(reply.id);
    if (pending.size === 0) process.channel?.unref();
    if (reply.ok) asker.resolve(socketOf(handle));
    else asker.reject(new HostSocketError(reply.message, reply.code, reply.holder));
  });
  process.on('disconnect', () => {
    for (const { reject } of pending.values()) reject(new HostSocketError('the parent has ended', 'EPIPE', undefined));
    pending.clear();
  });
  // The channel alone is no reason to go on; an answer that is awaited is.
  process.channel?.unref();

  const ask = (kind: HostSocketKind, host: string, port: number): Promise<Handle> => {
    if (pending.size >= maxPending)
      return Promise.reject(new HostSocketError('too many sockets are asked for at once', 'EAGAIN', undefined));
    const id = nextId++;
    return new Promise<Handle>((resolve, reject) => {
      pending.set(id, { resolve, reject });
      process.channel?.ref();
      send.call(process, { id, kind, host, port }, undefined, {}, (error: Error | null) => {
        if (error === null || !pending.delete(id)) return;
        reject(new HostSocketError(error.message, 'EPIPE', undefined));
      });
    });
  };
  return {
    async listenTcp(host, port) {
      const handle = await ask('listen-tcp', host, port);
      return handle instanceof Server ? handle : wrongHandle();
    },
    async bindUdp(host, port) {
      const handle = await ask('bind-udp', host, port);
      return handle instanceof UdpSocketClass ? handle : wrongHandle();
    },
    async connectTcp(host, port) {
      const handle = await ask('connect-tcp', host, port);
      return handle instanceof Socket ? handle : wrongHandle();
    },
  };
}

function socketOf(handle: unknown): Handle {
  const isSocket = handle instanceof Server || handle instanceof Socket || handle instanceof UdpSocketClass;
  return isSocket ? handle : undefined;
}

/** Node hands over nothing when the descriptor was closed on the way. */
function wrongHandle(): never {
  throw new HostSocketError('the parent handed over no socket', 'ECONNRESET', undefined);
}
