/** Addresses and routes of interfaces through rtnetlink (linux/rtnetlink.h, linux/if_addr.h). */
import { type Attribute, decodeAttributes, encodeAttributes, messageFlags, u32 } from './netlink-codec.ts';
import { type AddressFamily, formatIp, type IpAddress } from './netlink-ip-address.ts';
import { isNetlinkError, type NetlinkSocket } from './netlink-socket.ts';

const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const AF_INET = 2;
const AF_INET6 = 10;
const IFA = { address: 1, local: 2, broadcast: 4, flags: 8 } as const;
/** No duplicate address detection: an address of ours is usable at once. */
const IFA_F_NODAD = 2;
const RTA = { destination: 1, outInterface: 4, gateway: 5, priority: 6, table: 15 } as const;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const routeHeaderBytes = 12;

const familyNumber = (family: AddressFamily): number => (family === 'ipv4' ? AF_INET : AF_INET6);

/** Adds an address; one that is there already is fine. @throws NetlinkError */
export function addAddress(netlink: NetlinkSocket, index: number, address: IpAddress, prefixLength: number): void {
  const header = Buffer.alloc(8);
  header.writeUInt8(familyNumber(address.family), 0);
  header.writeUInt8(prefixLength, 1);
  header.writeUInt32LE(index, 4);
  const attributes: Attribute[] = [
    [IFA.local, address.bytes],
    [IFA.address, address.bytes],
  ];
  if (address.family === 'ipv4') attributes.push([IFA.broadcast, broadcastOf(address.bytes, prefixLength)]);
  else attributes.push([IFA.flags, u32(IFA_F_NODAD)]);
  try {
    netlink.request({
      type: RTM_NEWADDR,
      flags: messageFlags.create | messageFlags.exclusive,
      payload: Buffer.concat([header, encodeAttributes(attributes)]),
      attempt: `add address ${formatIp(address.bytes)}/${prefixLength}`,
    });
  } catch (error) {
    if (!isNetlinkError(error, 'EEXIST')) throw error;
  }
}

function broadcastOf(bytes: Uint8Array, prefixLength: number): Uint8Array {
  return bytes.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, prefixLength - 8 * i))));
}

export interface InterfaceAddress {
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
}

export function listAddresses(netlink: NetlinkSocket, family: AddressFamily): InterfaceAddress[] {
  const header = Buffer.alloc(8);
  header.writeUInt8(familyNumber(family), 0);
  const answers = netlink.dump({ type: RTM_GETADDR, payload: header, attempt: 'list addresses' });
  return answers.flatMap(({ type, payload }) => {
    if (type !== RTM_NEWADDR) return [];
    const attributes = decodeAttributes(payload.subarray(8));
    const address = attributes.get(IFA.local) ?? attributes.get(IFA.address);
    if (address === undefined) return [];
    return [{ index: payload.readUInt32LE(4), address: formatIp(address), prefixLength: payload.readUInt8(1) }];
  });
}

export interface DefaultRoute {
  readonly family: AddressFamily;
  /** Undefined: everything is on the link itself. */
  readonly gateway: IpAddress | undefined;
  readonly index: number;
}

export interface NewRoute {
  readonly destination: IpAddress;
  readonly prefixLength: number;
  readonly gateway: IpAddress | undefined;
  readonly index: number;
}

function routeHeader(family: AddressFamily, destinationLength: number, scope = RT_SCOPE_UNIVERSE): Buffer {
  const header = Buffer.alloc(routeHeaderBytes);
  header.writeUInt8(familyNumber(family), 0);
  header.writeUInt8(destinationLength, 1);
  header.writeUInt8(RT_TABLE_MAIN, 4);
  header.writeUInt8(RTPROT_BOOT, 5);
  header.writeUInt8(scope, 6);
  header.writeUInt8(RTN_UNICAST, 7);
  return header;
}

/** Sets the default route of a family, in place of another one. @throws NetlinkError */
export function replaceDefaultRoute(netlink: NetlinkSocket, route: DefaultRoute): void {
  const { family, gateway, index } = route;
  // An on-link route does not replace one by a gateway: they differ in scope.
  if (gateway === undefined) deleteDefaultRoute(netlink, family);
  setRoute(netlink, {
    header: routeHeader(family, 0, scopeOf(family, gateway)),
    gateway,
    index,
    destination: undefined,
  });
}

/** Adds a route, in place of another one to the same destination. @throws NetlinkError */
export function addRoute(netlink: NetlinkSocket, route: NewRoute): void {
  const { destination, prefixLength, gateway, index } = route;
  const header = routeHeader(destination.family, prefixLength, scopeOf(destination.family, gateway));
  setRoute(netlink, { header, gateway, index, destination });
}

function scopeOf(family: AddressFamily, gateway: IpAddress | undefined): number {
  return family === 'ipv4' && gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

interface RouteMessage {
  readonly header: Buffer;
  readonly destination: IpAddress | undefined;
  readonly gateway: IpAddress | undefined;
  readonly index: number;
}

function setRoute(netlink: NetlinkSocket, { header, destination, gateway, index }: RouteMessage): void {
  const attributes: Attribute[] = [[RTA.outInterface, u32(index)]];
  if (gateway !== undefined) attributes.push([RTA.gateway, gateway.bytes]);
  if (destination !== undefined) attributes.push([RTA.destination, destination.bytes]);
  const to = destination === undefined ? 'default route' : `route to ${formatIp(destination.bytes)}`;
  netlink.request({
    type: RTM_NEWROUTE,
    flags: messageFlags.create | messageFlags.replace,
    payload: Buffer.concat([header, encodeAttributes(attributes)]),
    attempt: `set ${to}${gateway === undefined ? '' : ` via ${formatIp(gateway.bytes)}`}`,
  });
}

/** Removes the default route of a family; none is fine. */
export function deleteDefaultRoute(netlink: NetlinkSocket, family: AddressFamily): void {
  try {
    netlink.request({ type: RTM_DELROUTE, payload: routeHeader(family, 0), attempt: 'delete default route' });
  } catch (error) {
    if (!isNetlinkError(error, 'ESRCH', 'ENOENT')) throw error;
  }
}

export interface Route {
  /** '0.0.0.0' or '::' with prefix length 0 for a default route. */
  readonly destination: string;
  readonly prefixLength: number;
  readonly gateway: string | undefined;
  /** Interface index; 0 when the route has none of its own. */
  readonly index: number;
  readonly table: number;
}

/** Routes of all tables; callers pick by `table` (254 is the main one). */
export function listRoutes(netlink: NetlinkSocket, family: AddressFamily): Route[] {
  const header = Buffer.alloc(routeHeaderBytes);
  header.writeUInt8(familyNumber(family), 0);
  const answers = netlink.dump({ type: RTM_GETROUTE, payload: header, attempt: 'list routes' });
  return answers.flatMap((message) => (message.type === RTM_NEWROUTE ? [parseRoute(message.payload, family)] : []));
}

/** Decodes the payload of an RTM_NEWROUTE message. */
export function parseRoute(payload: Buffer, family: AddressFamily): Route {
  const attributes = decodeAttributes(payload.subarray(routeHeaderBytes));
  const gateway = attributes.get(RTA.gateway);
  return {
    destination: formatIp(attributes.get(RTA.destination) ?? Buffer.alloc(family === 'ipv4' ? 4 : 16)),
    prefixLength: payload.readUInt8(1),
    gateway: gateway === undefined ? undefined : formatIp(gateway),
    index: attributes.get(RTA.outInterface)?.readUInt32LE(0) ?? 0,
    table: attributes.get(RTA.table)?.readUInt32LE(0) ?? payload.readUInt8(4),
  };
}
