/** Routes of the engine itself, and Wharf's own. */
import { WharfError } from '../../../contract/errors.ts';
import type { systemRoutes } from '../../../contract/routes/system.ts';
import type { wharfRoutes } from '../../../contract/routes/wharf.ts';
import { parseNamed } from '../../../oci/reference.ts';
import type { HandlersFor } from '../handler.ts';
import { diskUsage } from './disk-usage.ts';
import type { EngineServices } from './engine-services.ts';
import { streamEvents } from './event-stream.ts';
import { mergedSearch } from './registry-search.ts';
import { credentialsOf, registryAuth } from './request-values.ts';

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
    SystemInfo: () => system.info(),
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
    RegistrySearch: ({ query, signal }) => {
      const { kind, registry: only, limit } = query;
      const term = query.query ?? query.term ?? '';
      return mergedSearch(registry, system.registries(), { term, kind, registry: only, limit }, signal);
    },
    RegistryTags: async ({ query, header, signal }) => {
      const reference = parseNamed(query.name);
      const tags = await registry.tags(reference, { auth: registryAuth(header('x-registry-auth')), signal });
      return { name: query.name, tags };
    },
    PortHolders: ({ query }) => system.portHolders(query),
  };
}
