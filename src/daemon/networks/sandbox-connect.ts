/** Connecting a running container to a network, and taking it off one. */
import { WharfError } from '../../contract/errors.ts';
import type { WantedEndpoint } from './endpoint-plan.ts';
import type { Attachment } from './network-driver.ts';
import type { NetworkRecord, SandboxRecord } from './network-store.ts';
import { type PortPublisher, republished } from './port-publisher.ts';
import { gatewayAttachment } from './sandbox-interface.ts';
import type { SandboxKernel } from './sandbox-kernel.ts';
import type { Sandboxes } from './sandboxes.ts';

interface Parts {
  readonly kernel: SandboxKernel;
  readonly publisher: PortPublisher;
  readonly sandboxes: Sandboxes;
}

/** @throws WharfError 'network.already-connected' | 'network.config-invalid' | 'network.no-addresses' | 'network.address-taken' */
export async function connectSandbox(parts: Parts, sandbox: SandboxRecord, wanted: WantedEndpoint): Promise<void> {
  const { kernel, sandboxes } = parts;
  checkCanConnect(sandbox, wanted.record, sandboxes.attachments(sandbox).length);
  const endpoint = await sandboxes.endpoints.allocate(sandbox, wanted, new AbortController().signal);
  const connected = { ...sandbox, endpoints: [...sandbox.endpoints, endpoint] };
  sandboxes.save(connected);
  try {
    await kernel.attach(sandbox.netnsPath, { record: wanted.record, endpoint }, sandboxes.attachments(connected));
  } catch (error) {
    sandboxes.save(sandbox);
    await sandboxes.endpoints.release(endpoint);
    throw error;
  }
  sandboxes.names.ensure(connected);
  sandboxes.names.announce(connected);
  await movePorts(parts, connected, sandboxes.attachments(sandbox));
  sandboxes.rewriteFiles(connected);
  sandboxes.announce('connect', wanted.record, sandbox.containerId);
}

function checkCanConnect(sandbox: SandboxRecord, network: NetworkRecord, attachmentCount: number): void {
  if (sandbox.sharedWith !== '') {
    throw new WharfError(
      'network.config-invalid',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (sandbox.networkDisabled === true) {
    throw new WharfError(
      'network.not-connected',
      `network sandbox for container ${sandbox.containerId} not found`,
      // As dockerd answers.
      { status: 404 },
    );
  }
  if (sandbox.netnsPath === '') {
    throw new WharfError(
      'network.config-invalid',
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  // One that has left all its networks may join any; one on the network none may not.
  if (attachmentCount === 0 && sandbox.endpoints.length > 0) {
    throw new WharfError(
      'network.config-invalid',
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  }
  if (sandbox.endpoints.some((endpoint) => endpoint.networkId === network.id)) {
    throw new WharfError(
      'network.already-connected',
      `endpoint with name ${sandbox.containerName} already exists in network ${network.name}`,
    );
  }
}

/** @throws WharfError 'request.not-found' when the container is not on the network */
export async function disconnectSandbox(parts: Parts, sandbox: SandboxRecord, network: NetworkRecord): Promise<void> {
  const { kernel, sandboxes } = parts;
  const endpoint = sandbox.endpoints.find((candidate) => candidate.networkId === network.id);
  if (endpoint === undefined) {
    throw new WharfError(
      'network.not-connected',
      `container ${sandbox.containerId} is not connected to network ${network.name}`,
      // As dockerd answers.
      { status: 500 },
    );
  }
  if (network.driver === 'host') {
    throw new WharfError(
      'network.config-invalid',
      'cannot disconnect container from host network - container was created in host network mode',
    );
  }
  const before = sandboxes.attachments(sandbox);
  const left = { ...sandbox, endpoints: sandbox.endpoints.filter((candidate) => candidate !== endpoint) };
  sandboxes.save(left);
  sandboxes.names.forget(network.id, sandbox.containerId);
  if (endpoint.interfaceName !== '') {
    await kernel.detach(sandbox.netnsPath, { record: network, endpoint }, sandboxes.attachments(left));
  }
  await sandboxes.endpoints.release(endpoint);
  await movePorts(parts, left, before);
  sandboxes.rewriteFiles(left);
  sandboxes.announce('disconnect', network, sandbox.containerId);
}

/** Published ports lead to the endpoint with the way outside; when that changed, they follow. */
async function movePorts(parts: Parts, record: SandboxRecord, before: readonly Attachment[]): Promise<void> {
  const { publisher, sandboxes } = parts;
  const waysOut = (attachments: readonly Attachment[]) =>
    (['ipv4', 'ipv6'] as const).map((family) => gatewayAttachment(attachments, family)?.endpoint.endpointId).join(' ');
  if (record.wantedPorts.length === 0 || waysOut(before) === waysOut(sandboxes.attachments(record))) return;
  publisher.unpublish(record.containerId);
  // The ports it had, so that clients find them again; the wish, when there was no way outside before.
  const ports = record.ports.length > 0 ? republished(record.ports) : record.wantedPorts;
  const published = await sandboxes.publish(record, ports, new AbortController().signal);
  sandboxes.save({ ...record, ports: published.length > 0 ? published : record.ports });
}
