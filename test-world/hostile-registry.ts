/** A registry that is not what it should be; one image, `library/trap:latest`, spoilt in the way asked for. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mediaTypes } from '../src/oci/media-types.ts';
import { digestOf, fixtureImages, imageDocuments } from './fixture-images.ts';

/**
 *   html      answers every path with a login page and 200, as captive portals do
 *   lying     hands out other bytes than the layer's digest says, of the right length
 *   cut       breaks the connection in the middle of a layer, every time
 *   stalled   sends half of a layer, then nothing more
 *   failing   answers 503 to everything
 *   silent    takes connections and never answers
 */
export type Hostility = 'html' | 'lying' | 'cut' | 'stalled' | 'failing' | 'silent';

export interface HostileRegistry extends AsyncDisposable {
  readonly host: string;
  readonly image: string;
  /** How many layers it was asked for. */
  readonly blobRequests: number;
  /** From here on it is as it should be, ranges included. */
  recover(): void;
  /** First byte asked for of each layer since then. */
  readonly offsets: readonly number[];
}

export async function hostileRegistry(kind: Hostility): Promise<HostileRegistry> {
  const image = (await fixtureImages()).find(({ name }) => name === 'library/big');
  if (image === undefined) throw new Error('no fixture image');
  const { blobs, manifest } = imageDocuments(image);
  let blobRequests = 0;
  let recovered = false;
  const offsets: number[] = [];

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    if (kind === 'silent') return;
    if (kind === 'html') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please log in</body></html>');
    } else if (kind === 'failing') {
      response.writeHead(503, { 'content-type': 'text/plain' }).end('upstream is away');
    } else if (path === '/v2/') response.end('{}');
    else if (path.includes('/manifests/')) {
      response.setHeader('content-type', mediaTypes.ociManifest);
      response.setHeader('docker-content-digest', digestOf(manifest));
      response.end(manifest);
    } else sendBlob(path, request.headers.range, response);
  }

  function sendBlob(path: string, range: string | undefined, response: ServerResponse): void {
    const blob = blobs.find(({ descriptor }) => path.endsWith(descriptor.digest));
    if (blob === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"BLOB_UNKNOWN"}]}');
      return;
    }
    if (recovered && blob.descriptor.mediaType !== mediaTypes.ociConfig) {
      const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
      const rest = blob.bytes.subarray(from);
      offsets.push(from);
      response.setHeader('content-length', rest.length);
      if (from > 0) response.setHeader('content-range', `bytes ${from}-${blob.bytes.length - 1}/${blob.bytes.length}`);
      response.writeHead(from > 0 ? 206 : 200).end(rest);
      return;
    }
    response.writeHead(200, { 'content-length': blob.bytes.length, 'content-type': 'application/octet-stream' });
    if (blob.descriptor.mediaType === mediaTypes.ociConfig) {
      response.end(blob.bytes);
      return;
    }
    blobRequests += 1;
    if (kind === 'lying') response.end(Buffer.alloc(blob.bytes.length, 'lie'));
    else
      response.write(blob.bytes.subarray(0, blob.bytes.length / 2), () => {
        if (kind === 'cut') response.destroy();
      });
  }

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    image: `127.0.0.1:${port}/library/trap:latest`,
    get blobRequests() {
      return blobRequests;
    },
    recover() {
      recovered = true;
    },
    offsets,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
