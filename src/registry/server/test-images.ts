/** A registry in memory with images of a few bytes; for tests. */
import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { createRegistryServer, type RegistryServerOptions } from './create-registry-server.ts';
import { MemoryDriver } from './storage/memory-driver.ts';

export function digestOf(bytes: Uint8Array | string): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

export interface PushedImage {
  readonly layers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly architecture?: string;
  /** More fields of the manifest. */
  readonly more?: object;
}

export async function registryWorld(options: Partial<RegistryServerOptions> = {}) {
  const server = await createRegistryServer({ driver: new MemoryDriver(), ...options });
  const url = await server.listen('127.0.0.1', 0);
  const call = async (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(new URL(path, url), { ...init, method });
  const pushBlob = async (name: string, bytes: string): Promise<Response> =>
    await call('POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes });
  const pushManifest = async (
    name: string,
    tag: string,
    manifest: object,
  ): Promise<{ response: Response; digest: Digest }> => {
    const body = JSON.stringify(manifest);
    const type = 'mediaType' in manifest ? String(manifest.mediaType) : mediaTypes.ociManifest;
    const path = `/v2/${name}/manifests/${tag === '' ? digestOf(body) : tag}`;
    return { response: await call('PUT', path, { body, headers: { 'content-type': type } }), digest: digestOf(body) };
  };
  /** An empty tag pushes by digest. */
  const push = async (
    name: string,
    tag: string,
    image: PushedImage = {},
  ): Promise<{ response: Response; digest: Digest; sizeBytes: number }> => {
    const { layers = [], labels = {}, architecture = 'amd64', more = {} } = image;
    const config = JSON.stringify({
      os: 'linux',
      architecture,
      created: '2026-01-02T03:04:05Z',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: [] },
    });
    const descriptor = (text: string, mediaType: string) => ({ mediaType, digest: digestOf(text), size: text.length });
    for (const text of [config, ...layers]) await pushBlob(name, text);
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(config, mediaTypes.ociConfig),
      layers: layers.map((layer) => descriptor(layer, mediaTypes.ociLayer)),
      ...more,
    };
    const sizeBytes = [JSON.stringify(manifest), config, ...layers].reduce((sum, text) => sum + text.length, 0);
    return { ...(await pushManifest(name, tag, manifest)), sizeBytes };
  };
  const json = async (path: string): Promise<unknown> => await (await call('GET', path)).json();
  return {
    url,
    server,
    call,
    push,
    pushBlob,
    pushManifest,
    json,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export async function errorOf(response: Response): Promise<string> {
  const body = (await response.json()) as { errors?: { code: string }[] };
  return `${response.status} ${body.errors?.[0]?.code}`;
}
