/**
 * After a start of the daemon: what is stored and what the kernel has are made to agree.
 *
 *   sandboxes of containers that run    taken over: namespace file, resolver, ports
 *   sandboxes of all others             removed: namespace, pairs, record
 *   networks half removed               removed
 *   bridges and rules                   there, as the records say
 *   namespaces and pairs of nobody      removed
 */
import type { Firewall } from './firewall.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { SandboxRequest } from './network-service.ts';
import type { NetworkRecord } from './network-store.ts';
import type { SandboxKernel } from './sandbox-kernel.ts';
import type { Sandboxes } from './sandboxes.ts';

interface Parts {
  readonly firewall: Firewall;
  readonly drivers: NetworkDrivers;
  readonly kernel: SandboxKernel;
  readonly registry: NetworkRegistry;
  readonly sandboxes: Sandboxes;
  readonly warn: (message: string) => void;
}

export async function reconcileNetworks(parts: Parts, running: readonly SandboxRequest[]): Promise<void> {
  const { drivers, firewall, registry, sandboxes, warn } = parts;
  const { signal } = new AbortController();
  const alive = new Set(running.map((request) => request.containerId));
  /** One broken network or sandbox must not keep the daemon from starting; using it reports the same again. */
  const alone = async (what: string, work: () => void | Promise<void>) => {
    try {
      await work();
    } catch (error) {
      warn(`network: ${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const { containerId, containerName } of sandboxes.all()) {
    if (!alive.has(containerId)) await alone(containerName, () => sandboxes.close(containerId));
  }
  await alone('remove namespaces of nobody', () => sandboxes.removeStrayNamespaces());
  for (const record of registry.all().filter((candidate) => candidate.removing)) {
    await alone(record.name, async () => {
      await (await drivers.load(record.driver, { signal })).removeNetwork(record);
      registry.delete(record.id);
    });
  }
  await alone('apply the firewall rules', () => firewall.apply());
  for (const record of registry.all()) {
    if (!record.configOnly) await alone(record.name, () => restoreNetwork(parts, record, signal));
  }
  for (const request of running) {
    await alone(request.containerName, async () => {
      const record = sandboxes.get(request.containerId);
      if (record === undefined) warn(`network: running container ${request.containerName} has no sandbox on record`);
      else await sandboxes.adopt(record, signal);
    });
  }
  await alone('remove pairs of nobody', () => removeStrayPairs(parts));
}

async function restoreNetwork(parts: Parts, record: NetworkRecord, signal: AbortSignal): Promise<void> {
  const { drivers, kernel, registry, sandboxes } = parts;
  const inUse = sandboxes
    .all()
    .some((sandbox) => sandbox.endpoints.some((endpoint) => endpoint.networkId === record.id));
  const driver = await drivers.load(record.driver, { signal });
  const mayMove = driver.publishesPorts && !inUse && !record.foreignLink && !kernel.hasLink(record.bridge);
  await driver.restoreNetwork(mayMove ? registry.moveAwayFrom(record, kernel.hostSubnets()) : record);
}

async function removeStrayPairs(parts: Parts): Promise<void> {
  const { kernel, registry, sandboxes } = parts;
  const known = new Set(
    sandboxes.all().flatMap((sandbox) => sandbox.endpoints.map((endpoint) => endpoint.hostInterface)),
  );
  const bridges = registry.all().filter((record) => record.driver === 'bridge');
  for (const pair of kernel.strayPairs(bridges, known)) await kernel.deleteLink(pair);
}
