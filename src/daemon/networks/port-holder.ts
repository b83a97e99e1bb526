/**
 * Who listens on a port of this host: read from /proc/net/{tcp,udp}{,6} (sockets by inode) and /proc/<pid>/fd (inodes by
 * process). Answers users' first question after 'port is already allocated': by whom?
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { PortHolder } from '../../contract/engine-types.ts';
import { formatIp } from '../linux/netlink-ip-address.ts';
import { readIfThere } from './sandbox-files.ts';

export interface ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

const tcpListen = '0A';
const udpUnconnected = '07';

/** Parses one of the kernel's socket tables (proc_pid_net(5)); only sockets that wait for peers. Pure. */
export function parseSocketTable(protocol: 'tcp' | 'udp', text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, local = '', , state] = fields;
    const inode = fields[9];
    if (inode === undefined || state !== (protocol === 'tcp' ? tcpListen : udpUnconnected)) continue;
    const [addressHex = '', portHex = ''] = local.split(':');
    sockets.push({ protocol, address: decodeAddress(addressHex), port: Number.parseInt(portHex, 16), inode });
  }
  return sockets;
}

/** Addresses stand there as 32-bit words in host byte order (little endian). */
function decodeAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  return formatIp(bytes.length % 4 === 0 ? bytes.swap32() : bytes);
}

export interface PortQuery {
  readonly port?: number | undefined;
  readonly protocol?: 'tcp' | 'udp' | undefined;
}

/** Names the container that publishes a port, when it is one of ours. */
export type ContainerOfPort = (
  protocol: 'tcp' | 'udp',
  port: number,
  address: string,
) => { readonly containerId: string; readonly containerName: string } | undefined;

/** Listening ports of the host and who holds them, sorted by port. Reads /proc once. */
export function listPortHolders(query: PortQuery, containerOf: ContainerOfPort): PortHolder[] {
  const sockets = listeningSockets().filter(
    (socket) =>
      (query.port === undefined || socket.port === query.port) &&
      (query.protocol === undefined || socket.protocol === query.protocol),
  );
  const owners = socketOwners(new Set(sockets.map((socket) => socket.inode)));
  return sockets
    .map(({ protocol, address, port, inode }) => {
      const owner = owners.get(inode);
      return { protocol, address, port, ...owner, ...containerOf(protocol, port, address) };
    })
    .sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol) || a.address.localeCompare(b.address));
}

function listeningSockets(): ListeningSocket[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    ['', '6'].flatMap((suffix) => parseSocketTable(protocol, readIfThere(`/proc/net/${protocol}${suffix}`) ?? '')),
  );
}

function socketOwners(inodes: ReadonlySet<string>): Map<string, { pid: number; process: string }> {
  const owners = new Map<string, { pid: number; process: string }>();
  for (const pid of readdirSync('/proc')) {
    if (owners.size === inodes.size) break;
    if (!/^\d+$/.test(pid)) continue;
    for (const inode of socketInodes(pid)) {
      if (inodes.has(inode) && !owners.has(inode)) owners.set(inode, { pid: Number(pid), process: processName(pid) });
    }
  }
  return owners;
}

/** Empty for processes that ended meanwhile or that this user may not look into. */
function socketInodes(pid: string): string[] {
  const inodes: string[] = [];
  for (const fd of orNothing(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const target = orNothing(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const inode = target?.match(/^socket:\[(\d+)\]$/)?.[1];
    if (inode !== undefined) inodes.push(inode);
  }
  return inodes;
}

/** The name of the program; its main thread's name where that says nothing (Node calls every one MainThread). */
function processName(pid: string): string {
  const name = orNothing(() => readFileSync(`/proc/${pid}/comm`, 'utf8'))?.trim() ?? '';
  if (name !== 'MainThread') return name;
  return basename(orNothing(() => readlinkSync(`/proc/${pid}/exe`)) ?? name);
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

/** 'container "web"', 'process nginx (pid 812)', or undefined when nobody is seen. */
export function describeHolder(holders: readonly PortHolder[]): string | undefined {
  const [holder] = holders;
  if (holder === undefined) return undefined;
  if (holder.containerName !== undefined) return `container "${holder.containerName}"`;
  return holder.pid === undefined ? undefined : `process ${holder.process} (pid ${holder.pid})`;
}
