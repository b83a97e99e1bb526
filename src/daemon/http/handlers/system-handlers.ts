/** Routes of the engine itself, and Wharf's own. */
import { WharfError } from '../../../contract/errors.ts';
import type { systemRoutes } from '../../../contract/routes/system.ts';
import type { wharfRoutes } from '../../../contract/routes/wharf.ts';
import { parseNamed } from '../../../oci/reference.ts';
import type { HandlersFor } from '../handler.ts';
import { diskUsage } from './disk-usage.ts';
import type { EngineServices } from './engine-services.ts';
import { streamEvents } from './event-stream.ts';
import { infoOfVersion } from './info-versions.ts';
import { mergedSearch } from './merged-search.ts';
import { credentialsOf, registryAuth, registryConfig } from './request-values.ts';

/** As dockerd's: a proxy must not answer for the engine, and clients learn here that there is no swarm. */
const pingHeaders = {
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Swarm: 'inactive',
} as const;

export function systemHandlers(services: EngineServices): HandlersFor<keyof typeof systemRoutes> {
  const { system, registry, events } = services;
  return {
    SystemPing: () => ({ text: 'OK', headers: { ...pingHeaders, 'Builder-Version': system.builderVersion() } }),
    SystemPingHead: () => ({
      headers: {
        'Content-Type': 'text/plain; charset=utf-8',
        ...pingHeaders,
        'Builder-Version': system.builderVersion(),
      },
    }),
    SystemVersion: () => system.version(),
    SystemInfo: async ({ apiVersion }) => infoOfVersion(await system.info(), apiVersion),
    SystemAuth: async ({ body, signal }) => {
      const auth = credentialsOf(body);
      if (auth === undefined)
        throw new WharfError('request.invalid', 'no credentials were given', { hint: 'Send username and password.' });
      return await registry.login(auth, { signal });
    },
    SystemEvents: ({ query, signal }, output) => streamEvents(events, query, output, signal),
    SystemDataUsage: ({ query, signal }) => diskUsage(services, query.type ?? [], signal),
  };
}

export function wharfHandlers({ system, registry }: EngineServices): HandlersFor<keyof typeof wharfRoutes> {
  return {
    RegistryList: () => system.registries(),
    RegistrySearch: ({ query, header, signal }) => {
      const { kind, platform, limit } = query;
      const term = query.query ?? query.term ?? '';
      const also = (query.also ?? '').split(',').filter((name) => name !== '');
      const wanted = { term, kind, platform, registry: query.registry, also, limit };
      const config = registryConfig(header('x-registry-config'));
      return mergedSearch(registry, system.registries(), wanted, { config, signal });
    },
    RegistryRequest: ({ query, body, header, signal }) =>
      registry.relay(query.registry, body, { auth: registryAuth(header('x-registry-auth')), signal }),
    RegistryTags: async ({ query, header, signal }) => {
      const reference = parseNamed(query.name);
      const tags = await registry.tags(reference, { auth: registryAuth(header('x-registry-auth')), signal });
      return { name: query.name, tags };
    },
    PortHolders: ({ query }) => system.portHolders(query),
  };
}
