/** How a sandbox comes about, by what its container asks for. The order, and what a failure undoes: see sandboxes.ts. */
import { WharfError } from '../../contract/errors.ts';
import { shareContainerFiles } from './container-files.ts';
import type { WantedEndpoint } from './endpoint-plan.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import type { SandboxRequest } from './network-service.ts';
import type { NetworkRecord, SandboxRecord } from './network-store.ts';
import { wantedPorts } from './port-spec.ts';
import type { SandboxKernel } from './sandbox-kernel.ts';
import { newEndpointRecord, newId, newSandboxRecord } from './sandbox-record.ts';
import type { Sandboxes } from './sandboxes.ts';

interface Parts {
  readonly kernel: SandboxKernel;
  readonly defaults: NetworkDefaults;
  readonly sandboxes: Sandboxes;
}

/** @returns what is stored by then. @throws WharfError 'port.in-use' | 'network.*' | 'kernel.*'; then nothing is left */
export async function openSandbox(parts: Parts, request: SandboxRequest, signal: AbortSignal): Promise<SandboxRecord> {
  const { kernel, sandboxes } = parts;
  const plan = sandboxes.plan(request);
  const base = newSandboxRecord(withDaemonDns(request, parts.defaults), newId());
  switch (plan.kind) {
    case 'host':
      return openWithout(parts, base, plan.record);
    case 'none':
      return openWithout(parts, { ...base, netnsPath: kernel.pathOf(base.sandboxId) }, plan.record, request.sysctls);
    case 'shared':
      return openShared(parts, base, plan.container);
    case 'own':
      return openOwn(parts, base, { request, endpoints: plan.endpoints, signal });
  }
}

/** Host and none: no addresses; none has a namespace with loopback only. */
async function openWithout(
  { kernel, sandboxes }: Parts,
  base: SandboxRecord,
  network: NetworkRecord | undefined,
  sysctls: Readonly<Record<string, string>> = {},
): Promise<SandboxRecord> {
  const bare = { ipv4: '', ipv6: '', interfaceName: '', mac: '' };
  const endpoints = network === undefined ? [] : [newEndpointRecord(base, { record: network, settings: {} }, bare)];
  let record: SandboxRecord = { ...base, endpoints, networkDisabled: network === undefined };
  sandboxes.save(record);
  try {
    if (record.netnsPath !== '') {
      const { inode } = kernel.build(record.netnsPath, { attachments: [], sysctls, inside: () => undefined });
      record = { ...record, netnsInode: inode };
      sandboxes.save(record);
    }
    sandboxes.writeFiles(record);
  } catch (error) {
    await sandboxes.drop(record);
    throw error;
  }
  if (network !== undefined) sandboxes.announce('connect', network, record.containerId);
  return record;
}

function openShared({ sandboxes }: Parts, base: SandboxRecord, nameOrId: string): SandboxRecord {
  const target = sandboxes.byContainer(nameOrId);
  if (target === undefined) {
    throw new WharfError(
      'container.not-running',
      `cannot join network namespace of a non running container: ${nameOrId}`,
    );
  }
  const record = { ...base, sharedWith: target.containerId, netnsPath: target.netnsPath };
  shareContainerFiles(target.filesDir, record.filesDir);
  sandboxes.save(record);
  return record;
}

interface OwnSandbox {
  readonly request: SandboxRequest;
  readonly endpoints: readonly WantedEndpoint[];
  readonly signal: AbortSignal;
}

async function openOwn({ kernel, sandboxes }: Parts, base: SandboxRecord, open: OwnSandbox): Promise<SandboxRecord> {
  const { request, endpoints, signal } = open;
  let record: SandboxRecord = { ...base, netnsPath: kernel.pathOf(base.sandboxId), wantedPorts: wantedPorts(request) };
  try {
    for (const wanted of endpoints) {
      const endpoint = await sandboxes.endpoints.allocate(record, wanted, signal);
      record = { ...record, endpoints: [...record.endpoints, endpoint] };
    }
    sandboxes.save(record);
    const built = record;
    const { inode } = kernel.build(record.netnsPath, {
      attachments: sandboxes.attachments(record),
      sysctls: request.sysctls,
      inside: () => sandboxes.names.openInside(built),
    });
    record = { ...record, netnsInode: inode };
    // Sockets only where something is published; the common container without ports never waits.
    const wanted = record.wantedPorts;
    if (wanted.length > 0) record = { ...record, ports: await sandboxes.publish(record, wanted, signal) };
    sandboxes.save(record);
    sandboxes.writeFiles(record);
  } catch (error) {
    await sandboxes.drop(record);
    throw error;
  }
  sandboxes.names.announce(record);
  for (const { record: network } of sandboxes.attachments(record)) {
    sandboxes.announce('connect', network, record.containerId);
  }
  return record;
}

/** What the daemon's flags say about names goes for containers that say nothing. */
function withDaemonDns(request: SandboxRequest, defaults: NetworkDefaults): SandboxRequest {
  const orDefault = (own: readonly string[], common: readonly string[]) => (own.length > 0 ? own : common);
  return {
    ...request,
    dns: orDefault(request.dns, defaults.dns),
    dnsOptions: orDefault(request.dnsOptions, defaults.dnsOptions),
    dnsSearch: orDefault(request.dnsSearch, defaults.dnsSearch),
  };
}
