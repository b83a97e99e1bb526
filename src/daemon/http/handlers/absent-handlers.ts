/** Routes of what Wharf does not have: swarms. Each says so in Docker's words. */
import { WharfError } from '../../../contract/errors.ts';
import { swarmRoutes } from '../../../contract/routes/swarm.ts';
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
  handlers.SwarmLeave = () => {
    throw new WharfError('swarm.inactive', 'This node is not part of a swarm');
  };
  return handlers as HandlersFor<SwarmOperation>;
}
