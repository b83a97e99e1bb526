/** Wharf's own routes, beside Docker's: registries to browse, and who holds a port. */
import { route } from '../route.ts';
import * as s from '../schema.ts';
import {
  PortHolder,
  RegistryInfo,
  RegistryRequestBody,
  RegistryRequestResponse,
  RegistrySearchResponse,
  RegistryTagsResponse,
  registryKind,
} from '../types/registries.ts';

export const wharfRoutes = {
  RegistryList: route({
    method: 'GET',
    path: '/wharf/registries',
    since: '1.24',
    summary: 'Registries, mirrors and fallbacks this engine uses',
    response: 'json',
    result: s.list(RegistryInfo),
  }),
  RegistrySearch: route({
    method: 'GET',
    path: '/wharf/registries/search',
    since: '1.24',
    summary:
      'Search Docker Hub and the configured registries for images, extensions and plugins: merged, the best first. Sign-ins come with X-Registry-Config',
    query: s.partial({
      query: s.string,
      term: s.described(s.string, 'Same as query'),
      kind: registryKind,
      platform: s.described(s.string, 'os/architecture[/variant]; what tells no platform comes last'),
      registry: s.described(s.string, 'Only this one: docker.io or host[:port]'),
      also: s.described(s.string, 'More registries to ask, host[:port] with commas between'),
      limit: s.described(s.count, 'Most results a registry; 25 unless told'),
    }),
    response: 'json',
    result: RegistrySearchResponse,
  }),
  RegistryTags: route({
    method: 'GET',
    path: '/wharf/registries/tags',
    since: '1.24',
    summary: 'Tags of a repository at its registry',
    query: s.object({ name: s.string }),
    response: 'json',
    result: RegistryTagsResponse,
  }),
  RegistryRequest: route({
    method: 'POST',
    path: '/wharf/registries/request',
    since: '1.24',
    summary:
      'Send a request to the API of a registry, with this engine’s certificates, proxies and the caller’s sign-in',
    query: s.object({ registry: s.described(s.string, 'docker.io or host[:port]') }),
    body: RegistryRequestBody,
    response: 'json',
    result: RegistryRequestResponse,
  }),
  PortHolders: route({
    method: 'GET',
    path: '/wharf/ports',
    since: '1.24',
    summary: 'Listening ports of the host and who holds them',
    query: s.partial({ port: s.uint16, protocol: s.oneOf('tcp', 'udp') }),
    response: 'json',
    result: s.list(PortHolder),
  }),
} as const;
