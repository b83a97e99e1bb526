import type { EndpointSettings } from '../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { isLive } from './container-state.ts';
import { hostnameOf } from './sandbox-request.ts';

/** POST /networks/{id}/connect: now when the container runs, and at its next start. */
export async function connectNetwork(
  context: ContainerContext,
  networkRef: string,
  ref: string,
  settings: EndpointSettings,
): Promise<void> {
  const handle = context.find(ref);
  const network = context.networks.inspect(networkRef);
  await handle.queue.run(async () => {
    const { record, state, id } = handle;
    const mode = record.hostConfig.NetworkMode ?? '';
    if (mode === 'host' || mode.startsWith('container:')) {
      throw new WharfError(
        'network.config-invalid',
        'container sharing network namespace with another container or host cannot be connected to any other network',
      );
    }
    let stored = settings;
    if (isLive(state)) await context.networks.connect(network.Id, id, settings);
    else {
      context.networks.checkConnect(network.Id, settings);
      // As in Docker, what it has there already stays as it is.
      if (Object.hasOwn(record.endpoints, network.Name)) return;
      const container = { containerId: id, containerName: record.name, hostname: hostnameOf(record) };
      const { DNSNames } = context.networks.idleEndpoint(network.Id, container, settings);
      stored = { ...settings, ...(DNSNames ? { DNSNames } : {}) };
    }
    // One that had left all its networks starts in this one.
    const first = Object.keys(record.endpoints).length === 0;
    const hostConfig = first ? { ...record.hostConfig, NetworkMode: network.Name } : record.hostConfig;
    context.store.setRecord({ ...record, hostConfig, endpoints: { ...record.endpoints, [network.Name]: stored } });
  });
}

/** POST /networks/{id}/disconnect. */
export async function disconnectNetwork(
  context: ContainerContext,
  networkRef: string,
  ref: string,
  options: { readonly force: boolean },
): Promise<void> {
  const network = context.networks.inspect(networkRef);
  const handle = options.force ? findForced(context, ref) : context.find(ref);
  await handle.queue.run(async () => {
    const { record, state, id } = handle;
    if (isLive(state)) await context.networks.disconnect(network.Id, id, options);
    else if (!Object.hasOwn(record.endpoints, network.Name)) {
      const message = `container ${id} is not connected to the network ${network.Name}`;
      throw new WharfError('network.not-connected', message, { status: 500 });
    }
    const { [network.Name]: _, ...endpoints } = record.endpoints;
    // Its next start is in what is left; in none when it left the last.
    const leavesMain = record.hostConfig.NetworkMode === network.Name;
    const NetworkMode = leavesMain ? (Object.keys(endpoints)[0] ?? 'none') : record.hostConfig.NetworkMode;
    const hostConfig = { ...record.hostConfig, NetworkMode };
    context.store.setRecord({ ...record, hostConfig, endpoints });
  });
}

/** With `force` Docker looks for an endpoint, not for a container. */
function findForced(context: ContainerContext, ref: string): ContainerHandle {
  try {
    return context.find(ref);
  } catch (cause) {
    if (!isWharfError(cause, 'container.not-found')) throw cause;
    throw new WharfError('container.not-found', `endpoint ${ref} not found`, { cause });
  }
}
