/**
 * After a start of the daemon: what is stored and what the kernel has are made to agree.
 *
 *   sandboxes of containers that run    taken over: namespace file, resolver, ports
 *   sandboxes of all others             removed: namespace, pairs, record
 *   networks half removed               removed
 *   bridges and rules                   there, as the records say
 *   namespaces and pairs of nobody      removed
 */
import { isWharfError } from '../../contract/errors.ts';
import type { Firewall } from './firewall.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { SandboxRequest } from './network-service.ts';
import type { NetworkRecord } from './network-store.ts';
import type { SandboxKernel } from './sandbox-kernel.ts';
import type { Sandboxes } from './sandboxes.ts';

interface Parts {
  readonly firewall: Firewall;
  readonly kernel: SandboxKernel;
  readonly registry: NetworkRegistry;
  readonly sandboxes: Sandboxes;
  readonly warn: (message: string) => void;
}

export async function reconcileNetworks(parts: Parts, running: readonly SandboxRequest[]): Promise<void> {
  const { firewall, kernel, registry, sandboxes, warn } = parts;
  const alive = new Set(running.map((request) => request.containerId));
  for (const sandbox of sandboxes.all())
    if (!alive.has(sandbox.containerId)) await sandboxes.close(sandbox.containerId);
  sandboxes.removeStrayNamespaces();
  for (const record of registry.all().filter((candidate) => candidate.removing)) {
    await kernel.removeBridge(record);
    registry.delete(record.id);
  }
  firewall.apply();
  for (const record of registry.all()) if (record.driver === 'bridge') restoreBridge(parts, record);
  for (const request of running) {
    const record = sandboxes.get(request.containerId);
    if (record === undefined) warn(`network: running container ${request.containerName} has no sandbox on record`);
    else await sandboxes.adopt(record, new AbortController().signal);
  }
  await removeStrayPairs(parts);
}

function restoreBridge(parts: Parts, record: NetworkRecord): void {
  const { kernel, registry, sandboxes, warn } = parts;
  const inUse = sandboxes
    .all()
    .some((sandbox) => sandbox.endpoints.some((endpoint) => endpoint.networkId === record.id));
  try {
    const current = inUse || kernel.hasBridge(record) ? record : registry.moveAwayFrom(record, kernel.hostSubnets());
    kernel.ensureBridge(current);
  } catch (error) {
    // One broken network must not keep the daemon from starting; using it reports the same again.
    if (!isWharfError(error)) throw error;
    warn(`network: ${record.name}: ${error.message}`);
  }
}

async function removeStrayPairs(parts: Parts): Promise<void> {
  const { kernel, registry, sandboxes } = parts;
  const known = new Set(
    sandboxes.all().flatMap((sandbox) => sandbox.endpoints.map((endpoint) => endpoint.hostInterface)),
  );
  const bridges = registry.all().filter((record) => record.driver === 'bridge');
  for (const pair of kernel.strayPairs(bridges, known)) await kernel.deleteLink(pair);
}
