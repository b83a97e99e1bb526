/** Small HTTP servers that behave as a test tells them, well or badly. For tests only. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, sha256Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import {
  type ClosableRegistryClient,
  createRegistryClient,
  type RegistryClientSurroundings,
} from './create-registry-client.ts';
import type { RegistryClientConfig } from './registry-client.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export interface FakeRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  readonly server: Server;
}

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export async function fakeRegistry(behave: Behaviour): Promise<FakeRegistry> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    behave(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  const host = `127.0.0.1:${address.port}`;
  return {
    host,
    url: `http://${host}`,
    seen,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A client with limits short enough for tests, no proxy, and no way to the real Docker Hub. */
export function testClient(
  config: Partial<RegistryClientConfig> = {},
  surroundings: RegistryClientSurroundings = {},
): ClosableRegistryClient & Disposable {
  const timeouts = {
    connectMs: 2000,
    connectWithAlternativeMs: 1000,
    idleMs: 400,
    documentMs: 800,
    slowWindowMs: 300,
    slowMinBytes: 2000,
  };
  const client = createRegistryClient(
    { mirrors: [], fallbacks: [], insecureRegistries: [], userAgent: 'wharf/test', ...config },
    {
      environment: {},
      certificateFolders: [],
      hubUrl: 'http://127.0.0.1:1',
      hubSearchUrl: 'http://127.0.0.1:1',
      ...surroundings,
      timeouts: { ...timeouts, retryPauseMs: 5, retryAfterMaxMs: 300, ...surroundings.timeouts },
    },
  );
  return { ...client, [Symbol.dispose]: () => client.close() };
}

export function digestOf(bytes: Uint8Array): Digest {
  return sha256Digest(createHash('sha256').update(bytes).digest('hex'));
}

export function blobDescriptor(bytes: Uint8Array): Descriptor {
  return { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(bytes), size: bytes.byteLength };
}

export const sampleManifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('config')), size: 6 },
    layers: [],
  }),
);

export function sendManifest(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, {
    'content-type': mediaTypes.ociManifest,
    'docker-content-digest': digestOf(sampleManifest),
    ...headers,
  });
  response.end(sampleManifest);
}

export function sendError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}
