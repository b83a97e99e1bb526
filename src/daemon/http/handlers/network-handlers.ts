/** Routes of networks. Connecting changes the container, so it goes to the container service. */
import { WharfError } from '../../../contract/errors.ts';
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
    NetworkInspect: ({ params, query }) => {
      checkVerbose(query.verbose ?? '');
      return networks.inspect(params.id, { scope: query.scope });
    },
    NetworkDelete: ({ params }) => networks.remove(params.id),
    NetworkCreate: async ({ body, apiVersion }) => {
      const { id, warning } = await networks.create(networkCreateOfVersion(body ?? {}, apiVersion));
      return { Id: id, Warning: warning };
    },
    NetworkConnect: ({ params, body }) =>
      containers.connectNetwork(params.id, named(body?.Container), body?.EndpointConfig ?? {}),
    NetworkDisconnect: ({ params, body }) =>
      containers.disconnectNetwork(params.id, named(body?.Container), { force: body?.Force ?? false }),
    NetworkPrune: ({ query }) => networks.prune(filterMap(query.filters)),
  };
}

/** More than one engine shows there is nothing to be verbose about, but Docker refuses what is no boolean. */
function checkVerbose(text: string): void {
  if (text === '' || /^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(text)) return;
  const why = `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new WharfError('request.invalid', `invalid value for verbose: ${text}: ${why}`);
}

function named(container = ''): string {
  if (container !== '') return container;
  throw new WharfError('request.invalid', 'invalid name or ID supplied: ""');
}
