/**
 * The daemon's own socket for a published port. It reserves the port on the host, and serves what destination NAT does not
 * catch: IPv6 clients, and hosts whose rules were flushed.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';

export interface ProxyTarget {
  readonly address: string;
  readonly port: number;
}

/**
 * Makes listening sockets in the host's network, where the daemon lives in another: an ordinary user's engine asks its parent.
 * Rejects with Node's error as `listenPort` does.
 */
export interface HostSocketSource {
  /** Listening already. */
  listenTcp(address: string, port: number): Promise<Server>;
  bindUdp(address: string, port: number): Promise<UdpSocket>;
}

export interface ListenOptions {
  readonly protocol: 'tcp' | 'udp';
  readonly hostAddress: string;
  readonly hostPort: number;
  /** Undefined: the port is only reserved; rules of the host carry its traffic. */
  readonly target: ProxyTarget | undefined;
  readonly onError: (error: Error) => void;
  /** Absent: the daemon's own network is the host's. */
  readonly hostSockets?: HostSocketSource | undefined;
}

/** A listening port; disposing closes it and its connections. */
export interface PortProxy extends Disposable {
  readonly hostPort: number;
}

const maxTcpConnections = 4096;
const maxUdpFlows = 1024;
/** As the kernel's conntrack keeps an answered UDP flow. */
const udpIdleMs = 90_000;

/** Listens. Rejects with Node's error (`code` 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', …). */
export function listenPort(options: ListenOptions): Promise<PortProxy> {
  return options.protocol === 'tcp' ? listenTcp(options) : listenUdp(options);
}

async function listenTcp(options: ListenOptions): Promise<PortProxy> {
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    if (options.target === undefined) client.destroy();
    else relay(client, options.target);
  });
  server.maxConnections = maxTcpConnections;
  const { hostAddress, hostPort } = options;
  const handed = await options.hostSockets?.listenTcp(hostAddress, hostPort);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(handed ?? { host: hostAddress, port: hostPort, ipv6Only: true }, () => {
      server.off('error', reject);
      server.on('error', options.onError);
      resolve();
    });
  });
  return {
    hostPort: portOf(server),
    [Symbol.dispose]() {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Copies both ways with back-pressure; each side's end is passed on, an error ends both. */
function relay(client: Socket, target: ProxyTarget): void {
  const upstream = connect({ host: target.address, port: target.port, allowHalfOpen: true });
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
  upstream.on('connect', () => {
    client.pipe(upstream);
    upstream.pipe(client);
  });
}

interface UdpFlow {
  readonly socket: UdpSocket;
  lastUsedMs: number;
}

async function bindUdp({ hostAddress, hostPort }: ListenOptions): Promise<UdpSocket> {
  const isV6 = isIPv6(hostAddress);
  const server = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only: isV6 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.bind({ address: hostAddress, port: hostPort, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

async function listenUdp(options: ListenOptions): Promise<PortProxy> {
  const handed = options.hostSockets?.bindUdp(options.hostAddress, options.hostPort);
  const server = await (handed ?? bindUdp(options));
  server.on('error', options.onError);
  const flows = new Map<string, UdpFlow>();
  const sweep = setInterval(() => endIdle(flows), udpIdleMs / 3);
  sweep.unref();
  server.on('message', (message, peer) => {
    const { target } = options;
    if (target === undefined) return;
    flowOf(flows, server, peer, target)?.socket.send(message, target.port, target.address);
  });
  return {
    hostPort: server.address().port,
    [Symbol.dispose]() {
      clearInterval(sweep);
      server.close();
      for (const flow of flows.values()) flow.socket.close();
      flows.clear();
    },
  };
}

/** A socket a client, so that the container's answers find their way back. @returns undefined when there are too many */
function flowOf(
  flows: Map<string, UdpFlow>,
  server: UdpSocket,
  peer: RemoteInfo,
  target: ProxyTarget,
): UdpFlow | undefined {
  const key = `${peer.address} ${peer.port}`;
  const known = flows.get(key);
  if (known !== undefined) {
    known.lastUsedMs = performance.now();
    return known;
  }
  if (flows.size >= maxUdpFlows) return undefined;
  const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4');
  const flow: UdpFlow = { socket, lastUsedMs: performance.now() };
  flows.set(key, flow);
  // A container that refuses datagrams: the client hears nothing, as over any lossy path.
  socket.on('error', () => undefined);
  socket.on('message', (message, sender) => {
    if (flows.get(key) !== flow || sender.address !== target.address || sender.port !== target.port) return;
    flow.lastUsedMs = performance.now();
    server.send(message, peer.port, peer.address);
  });
  return flow;
}

function endIdle(flows: Map<string, UdpFlow>): void {
  const oldest = performance.now() - udpIdleMs;
  for (const [key, flow] of flows) {
    if (flow.lastUsedMs >= oldest) continue;
    flows.delete(key);
    flow.socket.close();
  }
}
