/** Network interfaces through rtnetlink (linux/rtnetlink.h, linux/if_link.h). */
import {
  type Attribute,
  decodeAttributes,
  encodeAttributes,
  messageFlags,
  readText,
  text,
  u8,
  u32,
} from './netlink-codec.ts';
import { formatMac } from './netlink-ip-address.ts';
import { isNetlinkError, type NetlinkSocket } from './netlink-socket.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const AF_BRIDGE = 7;
const IFF_UP = 1;
const IFLA = {
  address: 1,
  ifname: 3,
  mtu: 4,
  master: 10,
  protinfo: 12,
  linkinfo: 18,
  stats64: 23,
  netNsFd: 28,
} as const;
const IFLA_INFO = { kind: 1, data: 2 } as const;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT = { hairpin: 4, isolated: 33 } as const;
const infoBytes = 16;
/** IFNAMSIZ less its terminating zero. */
export const interfaceNameMax = 15;

export interface LinkCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mtu: number;
  /** Lower case with colons; empty for links without one. */
  readonly mac: string;
  /** Index of the bridge it is a port of, else 0. */
  readonly master: number;
  /** 'bridge', 'veth', …; empty for hardware and loopback. */
  readonly kind: string;
  readonly counters: LinkCounters;
}

/** struct ifinfomsg. */
function linkInfo(index: number, flags = 0, change = 0, family = 0): Buffer {
  const buffer = Buffer.alloc(infoBytes);
  buffer.writeUInt8(family, 0);
  buffer.writeInt32LE(index, 4);
  buffer.writeUInt32LE(flags, 8);
  buffer.writeUInt32LE(change, 12);
  return buffer;
}

function withAttributes(header: Buffer, attributes: readonly Attribute[]): Buffer {
  return Buffer.concat([header, encodeAttributes(attributes)]);
}

/** @throws NetlinkError 'EEXIST' when the name is taken */
export function createBridge(
  netlink: NetlinkSocket,
  bridge: { readonly name: string; readonly mac: Uint8Array; readonly mtu: number },
): void {
  netlink.request({
    type: RTM_NEWLINK,
    flags: messageFlags.create | messageFlags.exclusive,
    payload: withAttributes(linkInfo(0), [
      [IFLA.ifname, text(bridge.name)],
      [IFLA.address, bridge.mac],
      [IFLA.mtu, u32(bridge.mtu)],
      [IFLA.linkinfo, [[IFLA_INFO.kind, Buffer.from('bridge')]]],
    ]),
    attempt: `create bridge ${bridge.name}`,
  });
}

export interface VethRequest {
  readonly name: string;
  readonly mtu: number;
  /** Index of the bridge the host's end is plugged into. */
  readonly master: number;
  readonly peer: {
    readonly name: string;
    readonly mac: Uint8Array;
    /** Descriptor of the namespace the peer is born in. */
    readonly netnsFd: number;
  };
}

/**
 * Creates a pair in one message: the host's end up and on its bridge, the peer in its namespace and down (the kernel
 * refuses to start the peer before the pair is complete: ENOTCONN). @throws NetlinkError
 */
export function createVeth(netlink: NetlinkSocket, veth: VethRequest): void {
  const peer = withAttributes(linkInfo(0), [
    [IFLA.ifname, text(veth.peer.name)],
    [IFLA.address, veth.peer.mac],
    [IFLA.mtu, u32(veth.mtu)],
    [IFLA.netNsFd, u32(veth.peer.netnsFd)],
  ]);
  netlink.request({
    type: RTM_NEWLINK,
    flags: messageFlags.create | messageFlags.exclusive,
    payload: withAttributes(linkInfo(0, IFF_UP, IFF_UP), [
      [IFLA.ifname, text(veth.name)],
      [IFLA.mtu, u32(veth.mtu)],
      [IFLA.master, u32(veth.master)],
      [
        IFLA.linkinfo,
        [
          [IFLA_INFO.kind, Buffer.from('veth')],
          [IFLA_INFO.data, [[VETH_INFO_PEER, peer]]],
        ],
      ],
    ]),
    attempt: `create veth pair ${veth.name}`,
  });
}

export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly mac?: Uint8Array;
  /** The link must be down to be renamed. */
  readonly name?: string;
  /** Index of a bridge; 0 takes it out. */
  readonly master?: number;
  /** Into the network namespace behind this descriptor; under `name` there. */
  readonly netnsFd?: number;
}

/** @throws NetlinkError 'ENODEV' when there is no such link */
export function setLink(netlink: NetlinkSocket, index: number, change: LinkChange): void {
  const attributes: Attribute[] = [];
  if (change.mtu !== undefined) attributes.push([IFLA.mtu, u32(change.mtu)]);
  if (change.mac !== undefined) attributes.push([IFLA.address, change.mac]);
  if (change.name !== undefined) attributes.push([IFLA.ifname, text(change.name)]);
  if (change.master !== undefined) attributes.push([IFLA.master, u32(change.master)]);
  if (change.netnsFd !== undefined) attributes.push([IFLA.netNsFd, u32(change.netnsFd)]);
  const header = linkInfo(index, change.up ? IFF_UP : 0, change.up === undefined ? 0 : IFF_UP);
  netlink.request({
    type: RTM_SETLINK,
    payload: withAttributes(header, attributes),
    attempt: `change network interface ${index}`,
  });
}

export interface BridgePortChange {
  /** An isolated port talks to the bridge itself, but not to other isolated ports. */
  readonly isolated?: boolean;
  /** Frames may leave through the port they came in by. */
  readonly hairpin?: boolean;
}

/** @throws NetlinkError */
export function setBridgePort(netlink: NetlinkSocket, index: number, change: BridgePortChange): void {
  const attributes: Attribute[] = [];
  if (change.isolated !== undefined) attributes.push([IFLA_BRPORT.isolated, u8(change.isolated ? 1 : 0)]);
  if (change.hairpin !== undefined) attributes.push([IFLA_BRPORT.hairpin, u8(change.hairpin ? 1 : 0)]);
  netlink.request({
    type: RTM_SETLINK,
    payload: withAttributes(linkInfo(index, 0, 0, AF_BRIDGE), [[IFLA.protinfo, attributes]]),
    attempt: `change bridge port ${index}`,
  });
}

function deletion(link: { readonly index: number; readonly name: string }) {
  return { type: RTM_DELLINK, payload: linkInfo(link.index), attempt: `delete network interface ${link.name}` };
}

/** Waits for the kernel, some milliseconds. @throws NetlinkError */
export function deleteLink(netlink: NetlinkSocket, link: { readonly index: number; readonly name: string }): void {
  netlink.request(deletion(link));
}

/** As `deleteLink`, off the main thread. */
export function deleteLinkAsync(
  netlink: NetlinkSocket,
  link: { readonly index: number; readonly name: string },
): Promise<void> {
  return netlink.requestAsync(deletion(link));
}

export function listLinks(netlink: NetlinkSocket): Link[] {
  return netlink
    .dump({ type: RTM_GETLINK, payload: linkInfo(0), attempt: 'list network interfaces' })
    .filter((message) => message.type === RTM_NEWLINK)
    .map((message) => parseLink(message.payload));
}

export function findLink(netlink: NetlinkSocket, name: string): Link | undefined {
  try {
    const payload = withAttributes(linkInfo(0), [[IFLA.ifname, text(name)]]);
    const answers = netlink.request({ type: RTM_GETLINK, payload, attempt: `look up network interface ${name}` });
    const found = answers.find((message) => message.type === RTM_NEWLINK);
    return found && parseLink(found.payload);
  } catch (error) {
    if (isNetlinkError(error, 'ENODEV')) return undefined;
    throw error;
  }
}

/** Decodes the payload of an RTM_NEWLINK message. */
export function parseLink(payload: Buffer): Link {
  const attributes = decodeAttributes(payload.subarray(infoBytes));
  const info = decodeAttributes(attributes.get(IFLA.linkinfo) ?? Buffer.alloc(0));
  const kind = info.get(IFLA_INFO.kind);
  const mac = attributes.get(IFLA.address);
  return {
    index: payload.readInt32LE(4),
    name: readText(attributes.get(IFLA.ifname) ?? Buffer.alloc(0)),
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA.mtu)?.readUInt32LE(0) ?? 0,
    mac: mac === undefined ? '' : formatMac(mac),
    master: attributes.get(IFLA.master)?.readUInt32LE(0) ?? 0,
    kind: kind === undefined ? '' : readText(kind),
    counters: parseCounters(attributes.get(IFLA.stats64)),
  };
}

/** struct rtnl_link_stats64: packets, bytes, errors, dropped; each received, then sent. */
function parseCounters(stats: Buffer | undefined): LinkCounters {
  const at = (position: number): number => {
    const offset = position * 8;
    return stats === undefined || offset + 8 > stats.length ? 0 : Number(stats.readBigUInt64LE(offset));
  };
  return {
    rxPackets: at(0),
    txPackets: at(1),
    rxBytes: at(2),
    txBytes: at(3),
    rxErrors: at(4),
    txErrors: at(5),
    rxDropped: at(6),
    txDropped: at(7),
  };
}
