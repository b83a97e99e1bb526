/** A client and content for the conformance suite: raw requests, so that a test says exactly what goes over the wire. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { mediaTypes } from '../../../oci/media-types.ts';

export interface RegistryUnderTest extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
}

export type Algorithm = 'sha256' | 'sha512';

export interface Blob {
  readonly bytes: Buffer;
  readonly digest: string;
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function someBlob(algorithm: Algorithm = 'sha256', size = 3000): Blob {
  const bytes = randomBytes(size);
  return { bytes, digest: digestOf(bytes, algorithm) };
}

export function descriptorOf(mediaType: string, bytes: Uint8Array | string, algorithm: Algorithm = 'sha256') {
  return { mediaType, digest: digestOf(bytes, algorithm), size: Buffer.byteLength(bytes) };
}

export class ConformanceClient {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  async call(method: string, path: string, asked: Asked = {}): Promise<Response> {
    const { headers, body } = asked;
    return await fetch(new URL(path, this.#base), {
      method,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
  }

  /** A body of unknown length, in two pieces, as a client that streams sends it. */
  async streamed(path: string, bytes: Buffer): Promise<{ status: number; headers: Record<string, unknown> }> {
    return await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' };
      const request = httpRequest(new URL(path, this.#base), { method: 'PATCH', headers }, (response) => {
        text(response).then(() => resolve({ status: response.statusCode ?? 0, headers: response.headers }), reject);
      });
      request.once('error', reject);
      request.write(bytes.subarray(0, bytes.length / 2));
      request.end(bytes.subarray(bytes.length / 2));
    });
  }

  async begin(name: string): Promise<string> {
    const response = await this.call('POST', `/v2/${name}/blobs/uploads/`);
    equal(response.status, 202);
    return locationOf(response);
  }

  async finish(location: string, digest: string, asked: Asked = {}): Promise<Response> {
    return await this.call('PUT', `${location}?digest=${digest}`, asked);
  }

  async pushBlob(name: string, blob: Blob): Promise<void> {
    const put = await this.finish(await this.begin(name), blob.digest, { body: blob.bytes });
    equal(put.status, 201);
  }

  async pushManifest(name: string, reference: string, manifest: string): Promise<Response> {
    const mediaType: unknown = JSON.parse(manifest).mediaType;
    return await this.call('PUT', `/v2/${name}/manifests/${reference}`, {
      body: manifest,
      headers: { 'content-type': String(mediaType) },
    });
  }

  /** An image whose blobs are pushed; its manifest is not. */
  async image(name: string, more: object = {}, algorithm: Algorithm = 'sha256'): Promise<string> {
    const config = Buffer.from(
      JSON.stringify({ os: 'linux', architecture: 'amd64', author: randomBytes(6).toString('hex') }),
    );
    const layer = someBlob(algorithm);
    await this.pushBlob(name, { bytes: config, digest: digestOf(config, algorithm) });
    await this.pushBlob(name, layer);
    return JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptorOf(mediaTypes.ociConfig, config, algorithm),
      layers: [descriptorOf(mediaTypes.ociLayerGzip, layer.bytes, algorithm)],
      ...more,
    });
  }

  async json(path: string): Promise<unknown> {
    const response = await this.call('GET', path);
    equal(response.status, 200);
    return await response.json();
  }

  /** What is at a blob's address, by GET and HEAD, is this blob. */
  async expectBlob(name: string, { bytes, digest }: Blob): Promise<void> {
    const path = `/v2/${name}/blobs/${digest}`;
    const got = await this.call('GET', path);
    deepEqual([got.status, got.headers.get('content-length')], [200, String(bytes.length)]);
    ok(Buffer.from(await got.arrayBuffer()).equals(bytes));
    const head = await this.call('HEAD', path);
    deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)]);
    for (const response of [got, head]) equal(response.headers.get('docker-content-digest'), digest);
  }
}

export function locationOf(response: Response): string {
  const location = response.headers.get('location');
  ok(location);
  return location;
}

/** Status and first error code of an error answer, which must be of the specification's form. */
export async function errorOf(response: Response): Promise<string> {
  const body = (await response.json()) as { errors?: { code?: string; message?: string }[] };
  const [first] = body.errors ?? [];
  match(first?.code ?? '', /^[A-Z_]+$/);
  ok(first?.message);
  return `${response.status} ${first?.code}`;
}
