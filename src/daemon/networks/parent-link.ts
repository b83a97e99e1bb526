/**
 * The interface of the host that macvlan and ipvlan networks stand on:
 *
 *   one that is there             used as it is, stays when the network goes
 *   `eth0.10` that is not there   made as VLAN 10 of eth0, goes with its last network
 *   none named                    a dummy of the network's own: its containers reach each other and nobody else
 */
import { WharfError } from '../../contract/errors.ts';
import { createChildLink, createLoneLink } from '../linux/netlink-child-links.ts';
import { findLink, type Link, setLink } from '../linux/netlink-links.ts';
import { isNetlinkError, type NetlinkSocket } from '../linux/netlink-socket.ts';
import { deleteLinkByName } from './bridge.ts';
import type { KernelSockets } from './kernel-sockets.ts';
import type { NetworkRecord } from './network-store.ts';

/** Name of the link for networks without a parent. */
export function dummyName(prefix: 'dm' | 'di', networkId: string): string {
  return `${prefix}-${networkId.slice(0, 12)}`;
}

const isDummyName = (name: string): boolean => /^d[mi]-[0-9a-f]{12}$/.test(name);

/** Finds the parent or makes it. @throws WharfError 'network.config-invalid' (500) in dockerd's words */
export function ensureParent(netlink: NetlinkSocket, name: string): Link {
  const existing = findLink(netlink, name);
  if (existing !== undefined) return existing;
  if (isDummyName(name)) makeDummy(netlink, name);
  else makeVlan(netlink, name);
  const made = findLink(netlink, name);
  if (made === undefined) throw new WharfError('kernel.failed', `interface ${name} vanished while it was made`);
  setLink(netlink, made.index, { up: true });
  return made;
}

function makeDummy(netlink: NetlinkSocket, name: string): void {
  try {
    createLoneLink(netlink, name, 'dummy');
  } catch (error) {
    if (!isNetlinkError(error, 'ENOTSUP')) throw error;
    // A kernel without dummies may have this kind, which leads nowhere just as well.
    createLoneLink(netlink, name, 'ifb');
  }
}

function makeVlan(netlink: NetlinkSocket, name: string): void {
  if (!name.includes('.')) throw failed(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  const [parentName = '', idText = '', ...rest] = name.split('.');
  if (rest.length > 0) {
    throw failed(`required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received ${name}`);
  }
  if (!/^[+-]?\d+$/.test(idText)) {
    throw failed(`unable to parse a valid vlan id from: ${idText} (ex. eth0.10 for vlan 10)`);
  }
  const parent = findLink(netlink, parentName);
  if (parent === undefined) throw failed(`-o parent interface was not found on the host: ${parentName}`);
  const id = Number(idText);
  if (id < 1 || id > 4094) throw failed(`vlan id must be between 1-4094, received: ${id}`);
  try {
    createChildLink(netlink, { name, parent: parent.index, type: { kind: 'vlan', id }, up: true });
  } catch (error) {
    if (!isNetlinkError(error)) throw error;
    const why = error.errno === 'ENOTSUP' ? 'operation not supported' : error.message;
    throw failed(`failed to create ${name} vlan link: ${why}`);
  }
}

/** Takes the parent away when no other network stands on it; one that was there before stays. */
export async function releaseParent(
  sockets: KernelSockets,
  record: NetworkRecord,
  others: readonly NetworkRecord[],
): Promise<void> {
  if (record.foreignLink || record.bridge === '') return;
  if (others.some((other) => other.id !== record.id && other.bridge === record.bridge)) return;
  await deleteLinkByName(sockets.host, sockets.background, record.bridge);
}

/** Whether a parent is nobody's but ours: not there yet, or made for another network. */
export function isForeignParent(netlink: NetlinkSocket, name: string, others: readonly NetworkRecord[]): boolean {
  if (findLink(netlink, name) === undefined) return false;
  return !others.some((other) => other.bridge === name && !other.foreignLink);
}

function failed(message: string): WharfError {
  return new WharfError('network.config-invalid', message, {
    status: 500,
    hint: 'Name an interface of this host, or one like eth0.10 for VLAN 10 of eth0.',
  });
}
