/** What containers and clients see of a sandbox. */
import { join } from 'node:path';
import type { NetworkDrivers } from './network-drivers.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { Sandbox } from './network-service.ts';
import type { SandboxRecord } from './network-store.ts';
import { endpointView } from './network-view.ts';
import { publishedPortMap } from './port-publisher.ts';
import { publishTarget } from './publish-target.ts';
import { attachmentsOf } from './sandbox-record.ts';

export interface SandboxViewFacts {
  readonly registry: Pick<NetworkRegistry, 'get'>;
  readonly drivers: NetworkDrivers;
  /** Where namespaces are files. */
  readonly directory: string;
}

export function sandboxView(record: SandboxRecord, facts: SandboxViewFacts): Sandbox {
  const endpoints = record.endpoints.flatMap((endpoint) => {
    const network = facts.registry.get(endpoint.networkId);
    return network === undefined ? [] : [[network.name, endpointView(network, endpoint)] as const];
  });
  return {
    netnsPath: record.netnsPath === '' ? undefined : record.netnsPath,
    ...shownSandbox(record, facts.directory),
    endpoints: Object.fromEntries(endpoints),
    ports: portsOf(record, facts),
  };
}

/** As dockerd: what is another container's, or was never made by the networks, has none; the host's has a name of its own. */
function shownSandbox(record: SandboxRecord, directory: string): Pick<Sandbox, 'sandboxId' | 'sandboxKey'> {
  if (record.sharedWith !== '' || record.networkDisabled === true) return { sandboxId: '', sandboxKey: '' };
  const sandboxKey = record.netnsPath === '' ? join(directory, 'default') : record.netnsPath;
  return { sandboxId: record.sandboxId, sandboxKey };
}

/** As in Docker, ports are shown of containers with a way out that ports are published on, taken or not. */
function portsOf(record: SandboxRecord, { registry, drivers }: SandboxViewFacts): Sandbox['ports'] {
  if (record.portKeys.length === 0 || publishTarget(attachmentsOf(record, registry), drivers) === undefined) return {};
  const exposed = { portBindings: {}, exposedPorts: record.portKeys, publishAllPorts: false };
  return publishedPortMap(exposed, record.ports);
}
