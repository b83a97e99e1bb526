/** Routes of what Wharf does not have: swarms and engine plugins. Each says so in Docker's words. */
import { WharfError } from '../../../contract/errors.ts';
import { swarmRoutes } from '../../../contract/routes/swarm.ts';
import type { pluginRoutes } from '../../../contract/routes/system.ts';
import type { HandlersFor } from '../handler.ts';

type SwarmOperation = keyof typeof swarmRoutes;

export function notASwarmManager(): WharfError {
  return new WharfError(
    'swarm.inactive',
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    { hint: 'Wharf runs containers on one machine; it has no swarm mode.' },
  );
}

export function swarmHandlers(): HandlersFor<SwarmOperation> {
  const refuse = (): never => {
    throw notASwarmManager();
  };
  const names = Object.keys(swarmRoutes) as SwarmOperation[];
  const handlers: Partial<Record<SwarmOperation, () => never>> = {};
  for (const name of names) handlers[name] = refuse;
  return handlers as HandlersFor<SwarmOperation>;
}

export function pluginHandlers(): HandlersFor<keyof typeof pluginRoutes> {
  const unknown = ({ params }: { readonly params: { readonly name: string } }) => {
    throw new WharfError('plugin.not-found', `plugin ${JSON.stringify(params.name)} not found`);
  };
  const unsupported = () => {
    throw new WharfError('request.not-implemented', 'engine plugins are not supported', {
      hint: 'Wharf has plugins of its own: `wharf plugin`.',
    });
  };
  return {
    PluginList: () => [],
    GetPluginPrivileges: unsupported,
    PluginPull: unsupported,
    PluginCreate: unsupported,
    PluginInspect: unknown,
    PluginEnable: unknown,
    PluginDisable: unknown,
    PluginUpgrade: unknown,
    PluginPush: unknown,
    PluginSet: unknown,
    PluginDelete: unknown,
  };
}
