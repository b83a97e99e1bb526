/** Links on top of other links (macvlan, ipvlan, VLANs) and the lone ones they may stand on (linux/if_link.h). */
import { type Attribute, encodeAttributes, messageFlags, text, u16, u32 } from './netlink-codec.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

const RTM_NEWLINK = 16;
const infoBytes = 16;
const IFF_UP = 1;
const IFLA = { address: 1, ifname: 3, mtu: 4, link: 5, linkinfo: 18, netNsFd: 28 } as const;
const IFLA_INFO = { kind: 1, data: 2 } as const;

export const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
export type MacvlanMode = keyof typeof macvlanModes;
export const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const;
export type IpvlanMode = keyof typeof ipvlanModes;
export const ipvlanFlags = { bridge: 0, private: 1, vepa: 2 } as const;
export type IpvlanFlag = keyof typeof ipvlanFlags;

export type ChildKind =
  | { readonly kind: 'macvlan'; readonly mode: MacvlanMode }
  | { readonly kind: 'ipvlan'; readonly mode: IpvlanMode; readonly flag: IpvlanFlag }
  | { readonly kind: 'vlan'; readonly id: number };

export interface ChildLinkRequest {
  readonly name: string;
  /** Index of the link it stands on. */
  readonly parent: number;
  readonly type: ChildKind;
  readonly mac?: Uint8Array | undefined;
  readonly mtu?: number;
  /** Descriptor of the namespace it is born in; absent: the socket's own. */
  readonly netnsFd?: number;
  readonly up?: boolean;
}

function kindData(type: ChildKind): Attribute[] {
  switch (type.kind) {
    case 'macvlan':
      return [[1, u32(macvlanModes[type.mode])]];
    case 'ipvlan':
      return [
        [1, u16(ipvlanModes[type.mode])],
        [2, u16(ipvlanFlags[type.flag])],
      ];
    case 'vlan':
      return [[1, u16(type.id)]];
  }
}

function newLink(netlink: NetlinkSocket, attributes: readonly Attribute[], up: boolean, attempt: string): void {
  // struct ifinfomsg
  const header = Buffer.alloc(infoBytes);
  header.writeUInt32LE(up ? IFF_UP : 0, 8);
  header.writeUInt32LE(up ? IFF_UP : 0, 12);
  netlink.request({
    type: RTM_NEWLINK,
    flags: messageFlags.create | messageFlags.exclusive,
    payload: Buffer.concat([header, encodeAttributes(attributes)]),
    attempt,
  });
}

/** @throws NetlinkError 'ENOTSUP' when the kernel does not know the kind, 'EBUSY' when the parent serves another one */
export function createChildLink(netlink: NetlinkSocket, link: ChildLinkRequest): void {
  const attributes: Attribute[] = [
    [IFLA.ifname, text(link.name)],
    [IFLA.link, u32(link.parent)],
    [
      IFLA.linkinfo,
      [
        [IFLA_INFO.kind, Buffer.from(link.type.kind)],
        [IFLA_INFO.data, kindData(link.type)],
      ],
    ],
  ];
  if (link.mac !== undefined) attributes.push([IFLA.address, link.mac]);
  if (link.mtu !== undefined) attributes.push([IFLA.mtu, u32(link.mtu)]);
  if (link.netnsFd !== undefined) attributes.push([IFLA.netNsFd, u32(link.netnsFd)]);
  newLink(netlink, attributes, link.up ?? false, `create ${link.type.kind} ${link.name}`);
}

/** A link that leads nowhere. @throws NetlinkError 'ENOTSUP' when the kernel does not know the kind */
export function createLoneLink(netlink: NetlinkSocket, name: string, kind: 'dummy' | 'ifb'): void {
  const attributes: Attribute[] = [
    [IFLA.ifname, text(name)],
    [IFLA.linkinfo, [[IFLA_INFO.kind, Buffer.from(kind)]]],
  ];
  newLink(netlink, attributes, true, `create ${kind} ${name}`);
}
