import type { HijackedConnection, Transport, WireRequest, WireResponse } from '../client/transport.ts';
import { checkEnginePath } from './engine-path.ts';

/** The user's sign-ins, as the engine takes them in headers. */
export interface RelayOptions {
  /** X-Registry-Auth: the credentials of an image's registry; undefined when the user is not signed in there. */
  readonly registryAuth?: (image: string) => string | undefined;
  /** X-Registry-Config: all credentials by registry, for a search over all of them. */
  readonly registryConfig?: () => string | undefined;
}

const requestHeaders = ['accept', 'content-type', 'x-registry-auth', 'x-registry-config', 'if-none-match'];
const responseHeaders = [
  'api-version',
  'builder-version',
  'content-type',
  'docker-experimental',
  'docker-content-digest',
  'etag',
  'ostype',
  'retry-after',
  'server',
  'swarm',
  'x-docker-container-path-stat',
];

/**
 * The engine as a window may reach it: only operations of the route table, only headers that mean something to the engine,
 * and the user's registry sign-ins added here, so that no window ever holds them. Shared by the web gateway and Electron.
 */
export function createEngineRelay(engine: Transport, options: RelayOptions = {}): Transport {
  const prepare = (request: WireRequest): WireRequest => {
    const { path, image, operation } = checkEnginePath(request.method, request.path);
    const headers = pick(request.headers ?? {}, requestHeaders);
    const auth = image === undefined ? undefined : options.registryAuth?.(image);
    if (auth !== undefined && headers['x-registry-auth'] === undefined) headers['x-registry-auth'] = auth;
    const config = operation === 'RegistrySearch' ? options.registryConfig?.() : undefined;
    if (config !== undefined && headers['x-registry-config'] === undefined) headers['x-registry-config'] = config;
    return { method: request.method, path, headers, body: request.body };
  };
  return {
    async request(request, options): Promise<WireResponse> {
      const { status, headers, body } = await engine.request(prepare(request), options);
      return { status, headers: pick(headers, responseHeaders), body };
    },
    async hijack(request, options): Promise<HijackedConnection> {
      const connection = await engine.hijack(prepare(request), options);
      return { ...connection, headers: pick(connection.headers, responseHeaders) };
    },
  };
}

function pick(headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    // A line break would end the header and begin another one, or a second request.
    if (names.includes(lower) && !/[\r\n\0]/.test(value)) kept[lower] = value;
  }
  return kept;
}
