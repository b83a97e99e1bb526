/** Wharf's own routes: registries to browse, and who holds a port. */
import * as s from '../schema.ts';

export const registryKind = s.oneOf('image', 'extension', 'plugin');

/** One repository found. */
export const RegistrySearchItem = s.object({
  registry: s.string,
  /** Repository as one would pull it, with the registry's host where it is not Docker Hub. */
  name: s.string,
  kind: registryKind,
  title: s.string,
  description: s.string,
  /** URL or data URI. */
  icon: s.optional(s.string),
  official: s.boolean,
  stars: s.integer,
  platforms: s.list(s.string),
  tags: s.list(s.string),
  sizeBytes: s.optional(s.integer),
  labels: s.map(s.string),
  updatedAt: s.optional(s.string),
});
export type RegistrySearchItem = s.Static<typeof RegistrySearchItem>;

/** A registry that did not answer; the others' results are there all the same. */
export const RegistryFailure = s.object({
  registry: s.string,
  code: s.string,
  message: s.string,
  hint: s.optional(s.string),
});
export type RegistryFailure = s.Static<typeof RegistryFailure>;

export const RegistrySearchResponse = s.object({
  results: s.list(RegistrySearchItem),
  failures: s.list(RegistryFailure),
});
export type RegistrySearchResponse = s.Static<typeof RegistrySearchResponse>;

/** A request to a registry's own API, as its pages make them. */
export const RegistryRequestBody = s.object({
  method: s.oneOf('GET', 'HEAD', 'DELETE', 'POST', 'PUT'),
  /** `/v2/...` or `/wharf/v1/...`, with its query. */
  path: s.string,
  accept: s.optional(s.string),
  /** JSON text, for `/wharf/v1/...` only. */
  body: s.optional(s.string),
});
export type RegistryRequestBody = s.Static<typeof RegistryRequestBody>;

/** What the registry answered, whatever its status. */
export const RegistryRequestResponse = s.object({
  status: s.integer,
  headers: s.map(s.string),
  body: s.string,
});
export type RegistryRequestResponse = s.Static<typeof RegistryRequestResponse>;

export const RegistryTagsResponse = s.object({ name: s.string, tags: s.list(s.string) });
export type RegistryTagsResponse = s.Static<typeof RegistryTagsResponse>;

export const RegistryInfo = s.object({
  /** `docker.io` or `host[:port]`. */
  name: s.string,
  /** Base URL. */
  url: s.string,
  /** How this engine uses it. */
  role: s.oneOf('registry', 'mirror', 'fallback'),
  secure: s.boolean,
});
export type RegistryInfo = s.Static<typeof RegistryInfo>;

/** One listening port of the host and the process or container that holds it. */
export const PortHolder = s.object({
  protocol: s.oneOf('tcp', 'udp'),
  address: s.string,
  port: s.uint16,
  /** Absent when the owner can not be seen. */
  pid: s.optional(s.integer),
  process: s.optional(s.string),
  /** Container that publishes it. */
  containerId: s.optional(s.string),
  containerName: s.optional(s.string),
});
export type PortHolder = s.Static<typeof PortHolder>;
