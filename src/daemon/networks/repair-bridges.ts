/** Bridges that somebody deleted: made again, with the containers that were on them. */
import { findLink, listLinks, setLink } from '../linux/netlink-links.ts';
import type { KernelSockets } from './kernel-sockets.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { Sandboxes } from './sandboxes.ts';

interface Parts {
  readonly sockets: KernelSockets;
  readonly drivers: NetworkDrivers;
  readonly registry: NetworkRegistry;
  readonly sandboxes: Sandboxes;
  readonly warn: (message: string) => void;
}

/** @throws WharfError 'kernel.failed' */
export async function repairBridges({ sockets, drivers, registry, sandboxes, warn }: Parts): Promise<void> {
  const there = new Set(listLinks(sockets.host).map((link) => link.name));
  for (const record of registry.all()) {
    // One of somebody else's is not ours to make: its owner may be about to.
    const isOurs = record.driver === 'bridge' && !record.configOnly && !record.removing && !record.foreignLink;
    if (!isOurs || there.has(record.bridge)) continue;
    await drivers.known(record.driver).restoreNetwork(record);
    const bridge = findLink(sockets.host, record.bridge);
    const endpoints = sandboxes.all().flatMap((sandbox) => sandbox.endpoints);
    for (const { networkId, hostInterface } of endpoints) {
      const port = networkId === record.id && hostInterface !== '' ? findLink(sockets.host, hostInterface) : undefined;
      if (bridge !== undefined && port !== undefined) setLink(sockets.host, port.index, { master: bridge.index });
    }
    warn(`network: somebody deleted the bridge ${record.bridge} of network ${record.name}; it is back`);
  }
}
