/** Routes of networks. Connecting changes the container, so it goes to the container service. */
import type { networkRoutes } from '../../../contract/routes/networks.ts';
import { compareVersions } from '../api-version.ts';
import type { HandlersFor } from '../handler.ts';
import type { EngineServices } from './engine-services.ts';
import { networkCreateOfVersion } from './network-versions.ts';
import { filterMap } from './request-values.ts';

export function networkHandlers({ networks, containers }: EngineServices): HandlersFor<keyof typeof networkRoutes> {
  return {
    // Before 1.28 lists showed the containers too.
    NetworkList: ({ query, apiVersion }) =>
      networks.list(filterMap(query.filters), { containers: compareVersions(apiVersion, '1.28') < 0 }),
    NetworkInspect: ({ params, query }) => networks.inspect(params.id, { scope: query.scope }),
    NetworkDelete: ({ params }) => networks.remove(params.id),
    NetworkCreate: async ({ body, apiVersion }) => {
      const { id, warning } = await networks.create(networkCreateOfVersion(body, apiVersion));
      return { Id: id, Warning: warning };
    },
    NetworkConnect: ({ params, body }) =>
      containers.connectNetwork(params.id, body.Container, body.EndpointConfig ?? {}),
    NetworkDisconnect: ({ params, body }) =>
      containers.disconnectNetwork(params.id, body.Container, { force: body.Force ?? false }),
    NetworkPrune: ({ query }) => networks.prune(filterMap(query.filters)),
  };
}
