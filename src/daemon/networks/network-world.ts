/** For tests: a network service of its own instance, sockets inside its sandboxes, and a look at what is left behind. */

import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createEventBus, type EngineEvent } from '../events/event-bus.ts';
import { listLinks } from '../linux/netlink-links.ts';
import { openNetlink } from '../linux/netlink-socket.ts';
import { inNamespace } from '../linux/netns.ts';
import { bindSocket } from '../linux/netns-sockets.ts';
import { openNftables } from '../linux/nftables.ts';
import { firewallTable } from './firewall.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import type { Sandbox, SandboxRequest } from './network-service.ts';
import { createNetworkService, type WharfNetworkService } from './network-service-factory.ts';

export interface NetworkWorld extends AsyncDisposable {
  readonly service: WharfNetworkService;
  readonly events: readonly EngineEvent[];
  readonly warnings: readonly string[];
  readonly filesDir: (containerId: string) => string;
  /** Name of this instance's nftables table. */
  readonly table: string;
  request(name: string, changes?: Partial<SandboxRequest>): SandboxRequest;
  open(name: string, changes?: Partial<SandboxRequest>): Promise<Sandbox>;
  /** A second daemon on the same state, as after `kill -9`: the first one's sockets are let go, nothing else. */
  restart(): Promise<void>;
  /** Names of interfaces, namespaces and tables of this instance. */
  leftovers(): string[];
}

export interface NetworkWorldOptions {
  readonly upstreamDnsPort?: number;
  readonly defaults?: NetworkDefaults;
}

export function networkWorld(options: NetworkWorldOptions = {}): NetworkWorld {
  const root = mkdtempSync(join(tmpdir(), 'wharf-net-'));
  const instance = randomBytes(3).toString('hex');
  const db = new DatabaseSync(join(root, 'wharf.db'));
  // As main.ts opens it.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  const bus = createEventBus();
  const events: EngineEvent[] = [];
  const warnings: string[] = [];
  bus.subscribe((event) => events.push(event));
  const execRoot = join(root, 'run');
  const log = { warn: (message: string) => warnings.push(message) };
  const bridges = new Set<string>([`wharf-${instance}`]);
  const make = () => createNetworkService({ db, execRoot, instance, events: bus, log, ...options });
  let service = make();
  const filesDir = (containerId: string) => join(root, 'containers', containerId);
  const request = (name: string, changes: Partial<SandboxRequest> = {}): SandboxRequest => {
    const containerId = Buffer.from(name).toString('hex').padEnd(64, '0');
    return {
      ...blankRequest,
      containerId,
      containerName: name,
      hostname: name,
      filesDir: filesDir(containerId),
      ...changes,
    };
  };
  return {
    get service() {
      return service;
    },
    events,
    warnings,
    filesDir,
    table: firewallTable(instance),
    request,
    open: (name, changes) => service.openSandbox(request(name, changes), { signal: new AbortController().signal }),
    async restart() {
      await service.close({ removeAll: false });
      service = make();
    },
    leftovers() {
      for (const network of service.list(new Map())) bridges.add(`br-${network.Id.slice(0, 12)}`);
      using netlink = openNetlink();
      using nft = openNftables();
      const links = listLinks(netlink).map((link) => link.name);
      const tables = nft.run('list tables').split(/\s/).includes(firewallTable(instance)) ? ['table'] : [];
      const namespaces = existsSync(join(execRoot, 'netns')) ? readdirSync(join(execRoot, 'netns')) : [];
      return [...links.filter((name) => bridges.has(name)), ...tables, ...namespaces];
    },
    async [Symbol.asyncDispose]() {
      await service.close({ removeAll: true });
      db.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const blankRequest = {
  domainname: '',
  networkMode: 'default',
  endpoints: {},
  portBindings: {},
  exposedPorts: [],
  publishAllPorts: false,
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  extraHosts: [],
  links: [],
  sysctls: {},
} satisfies Partial<SandboxRequest>;

/** A TCP server inside a namespace that answers each connection with `greeting`. */
export async function greetTcp(
  netnsPath: string,
  port: number,
  greeting: string,
  address: '0.0.0.0' | '::' = '0.0.0.0',
): Promise<Server> {
  const { fd } = inNamespace(netnsPath, () => bindSocket('tcp', address, port));
  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    client.end(greeting);
  });
  await new Promise<void>((resolve) => server.listen({ fd }, resolve));
  return server;
}

/** A UDP socket inside a namespace. */
export async function udpInside(netnsPath: string, port = 0): Promise<UdpSocket> {
  const { fd } = inNamespace(netnsPath, () => bindSocket('udp', '0.0.0.0', port));
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind({ fd }, () => resolve()));
  return socket;
}

/** Sends one datagram and waits for the answer; undefined when none comes. */
export function askUdp(
  socket: UdpSocket,
  message: Uint8Array,
  to: { readonly port: number; readonly address: string },
  timeoutMs = 1500,
) {
  return new Promise<Buffer | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    socket.once('message', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.send(message, to.port, to.address);
  });
}

/** Answers every datagram with `prefix` and what came. */
export async function echoUdp(netnsPath: string, port: number, prefix: string): Promise<UdpSocket> {
  const socket = await udpInside(netnsPath, port);
  socket.on('message', (message, peer) => socket.send(prefix + message.toString(), peer.port, peer.address));
  return socket;
}
