/** Routes of networks. Connecting changes the container, so it goes to the container service. */
import type { networkRoutes } from '../../../contract/routes/networks.ts';
import type { HandlersFor } from '../handler.ts';
import type { EngineServices } from './engine-services.ts';
import { filterMap } from './request-values.ts';

export function networkHandlers({ networks, containers }: EngineServices): HandlersFor<keyof typeof networkRoutes> {
  return {
    NetworkList: ({ query }) => networks.list(filterMap(query.filters)),
    NetworkInspect: ({ params }) => networks.inspect(params.id),
    NetworkDelete: ({ params }) => networks.remove(params.id),
    NetworkCreate: async ({ body }) => {
      const { id, warning } = await networks.create(body);
      return { Id: id, Warning: warning };
    },
    NetworkConnect: ({ params, body }) =>
      containers.connectNetwork(params.id, body.Container, body.EndpointConfig ?? {}),
    NetworkDisconnect: ({ params, body }) =>
      containers.disconnectNetwork(params.id, body.Container, { force: body.Force ?? false }),
    NetworkPrune: ({ query }) => networks.prune(filterMap(query.filters)),
  };
}
