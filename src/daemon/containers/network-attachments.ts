import type { EndpointSettings } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { ContainerContext } from './container-context.ts';
import { isLive } from './container-state.ts';

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
      const what = mode === 'host' ? 'host' : 'container';
      throw new WharfError(
        'network.config-invalid',
        `container sharing network namespace with another container or host cannot be connected to any other network (${what})`,
      );
    }
    if (isLive(state)) await context.networks.connect(network.Id, id, settings);
    else if (Object.hasOwn(record.endpoints, network.Name)) {
      throw new WharfError(
        'network.already-connected',
        `endpoint with name ${record.name} already exists in network ${network.Name}`,
      );
    }
    // One that had left all its networks starts in this one.
    const first = Object.keys(record.endpoints).length === 0;
    const hostConfig = first ? { ...record.hostConfig, NetworkMode: network.Name } : record.hostConfig;
    context.store.setRecord({ ...record, hostConfig, endpoints: { ...record.endpoints, [network.Name]: settings } });
  });
}

/** POST /networks/{id}/disconnect. With `force` one that is not connected is fine. */
export async function disconnectNetwork(
  context: ContainerContext,
  networkRef: string,
  ref: string,
  options: { readonly force: boolean },
): Promise<void> {
  const handle = context.find(ref);
  const network = context.networks.inspect(networkRef);
  await handle.queue.run(async () => {
    const { record, state, id } = handle;
    if (isLive(state)) await context.networks.disconnect(network.Id, id, options);
    else if (!Object.hasOwn(record.endpoints, network.Name) && !options.force) {
      throw new WharfError('network.not-found', `container ${id} is not connected to network ${network.Name}`, {
        status: 403,
      });
    }
    const { [network.Name]: _, ...endpoints } = record.endpoints;
    // Its next start is in what is left; in none when it left the last.
    const leavesMain = record.hostConfig.NetworkMode === network.Name;
    const NetworkMode = leavesMain ? (Object.keys(endpoints)[0] ?? 'none') : record.hostConfig.NetworkMode;
    const hostConfig = { ...record.hostConfig, NetworkMode };
    context.store.setRecord({ ...record, hostConfig, endpoints });
  });
}
