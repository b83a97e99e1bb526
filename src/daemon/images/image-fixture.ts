/** For tests: images made of a few entries, and a registry in memory that can be slow, cut connections and lie. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, sha256Digest } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { canonicalName, manifestSelector, parseNamed, type Reference } from '../../oci/reference.ts';
import type { RegistryClient, RequestOptions } from '../../registry/client/registry-client.ts';

export function digestOf(bytes: Uint8Array): Digest {
  return sha256Digest(createHash('sha256').update(bytes).digest('hex'));
}

export interface FixtureLayer {
  readonly tar: Buffer;
  readonly packing?: 'gzip' | 'zstd' | 'none';
}

export interface FixtureImage {
  readonly layers: readonly FixtureLayer[];
  readonly platform?: Platform;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly created?: string;
}

interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Called before each piece of a blob goes out; may wait, throw, or answer other bytes. */
export type BlobHook = (digest: Digest, piece: Buffer, signal: AbortSignal) => Promise<Buffer> | Buffer;

export class FakeRegistry implements RegistryClient {
  readonly blobs = new Map<string, Buffer>();
  readonly #manifests = new Map<string, StoredManifest>();
  /** Digests of blobs that were asked for, in order. */
  readonly fetched: Digest[] = [];
  /** How many transfers ran at the same time at most. */
  mostAtOnce = 0;
  #running = 0;
  hook: BlobHook = (_, piece) => piece;
  pieceBytes = 64 * 1024;

  /** Puts an image under `name`; answers its manifest's descriptor. */
  add(name: string, image: FixtureImage): Descriptor {
    const layers = image.layers.map(({ tar, packing = 'gzip' }) => {
      const bytes = packing === 'gzip' ? gzipSync(tar, { level: 1 }) : packing === 'zstd' ? zstdCompressSync(tar) : tar;
      const types = { gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd, none: mediaTypes.ociLayer };
      return this.#put(types[packing], bytes);
    });
    const { os, architecture, variant } = image.platform ?? { os: 'linux', architecture: 'amd64' };
    const config = Buffer.from(
      JSON.stringify({
        os,
        architecture,
        variant,
        created: image.created ?? '2024-01-02T03:04:05Z',
        config: image.config ?? {},
        rootfs: { type: 'layers', diff_ids: image.layers.map(({ tar }) => digestOf(tar)) },
        history: image.layers.map((_, at) => ({ created_by: `step ${at}` })),
      }),
    );
    return this.addManifest(name, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: this.#put(mediaTypes.ociConfig, config),
      layers,
    });
  }

  addManifest(name: string, manifest: { readonly mediaType: string } & Readonly<Record<string, unknown>>): Descriptor {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const reference = parseNamed(name);
    const stored = { mediaType: manifest.mediaType, bytes };
    const descriptor = { mediaType: manifest.mediaType, digest: digestOf(bytes), size: bytes.length };
    this.#manifests.set(`${canonicalName(reference)} ${descriptor.digest}`, stored);
    this.#manifests.set(`${canonicalName(reference)} ${manifestSelector(reference)}`, stored);
    return descriptor;
  }

  #put(mediaType: string, bytes: Buffer): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  async fetchManifest(reference: Reference, { signal }: RequestOptions) {
    signal.throwIfAborted();
    const found = this.#manifests.get(`${canonicalName(reference)} ${manifestSelector(reference)}`);
    if (found === undefined) {
      throw new WharfError('manifest.unknown', `manifest for ${canonicalName(reference)} not found: manifest unknown`);
    }
    const { mediaType, bytes } = found;
    return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes, endpoint: 'http://fake' };
  }

  async fetchBlob(
    _reference: Reference,
    { digest }: Descriptor,
    { signal, offset = 0 }: RequestOptions & { readonly offset?: number },
  ): Promise<Readable> {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new WharfError('registry.failed', `blob ${digest} unknown`);
    this.fetched.push(digest);
    return Readable.from(this.#send(digest, bytes.subarray(offset), signal), { objectMode: false });
  }

  async *#send(digest: Digest, bytes: Buffer, signal: AbortSignal): AsyncGenerator<Buffer> {
    this.#running++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    try {
      for (let at = 0; at < bytes.length; at += this.pieceBytes) {
        await delay(0);
        yield await this.hook(digest, bytes.subarray(at, at + this.pieceBytes), signal);
      }
    } finally {
      this.#running--;
    }
  }

  async referrers(reference: Reference, subject: Digest): Promise<readonly Descriptor[]> {
    const found = new Map<string, Descriptor>();
    for (const [key, { mediaType, bytes }] of this.#manifests) {
      if (!key.startsWith(`${canonicalName(reference)} `)) continue;
      const manifest = parseManifest(bytes.toString('utf8'), mediaType);
      if (manifest.subject?.digest !== subject) continue;
      const digest = digestOf(bytes);
      found.set(digest, { mediaType, digest, size: bytes.length, artifactType: manifest.artifactType });
    }
    return [...found.values()];
  }

  async blobExists(_reference: Reference, digest: string): Promise<boolean> {
    return this.blobs.has(digest);
  }

  async pushBlob(
    _reference: Reference,
    { digest }: Descriptor,
    open: () => Readable,
    options: RequestOptions & { readonly onBytes?: (sent: number) => void },
  ): Promise<'pushed' | 'exists' | 'mounted'> {
    if (this.blobs.has(digest)) return 'exists';
    const bytes = Buffer.concat(await open().toArray());
    if (digestOf(bytes) !== digest) throw new WharfError('digest.mismatch', `pushed other bytes than ${digest}`);
    options.onBytes?.(bytes.length);
    this.blobs.set(digest, bytes);
    return 'pushed';
  }

  async pushManifest(reference: Reference, mediaType: string, bytes: Uint8Array): Promise<string> {
    const stored = { mediaType, bytes: Buffer.from(bytes) };
    const digest = digestOf(bytes);
    for (const key of [digest, manifestSelector(reference)]) {
      this.#manifests.set(`${canonicalName(reference)} ${key}`, stored);
    }
    return digest;
  }

  async login(): Promise<{ Status: string; IdentityToken: string }> {
    return { Status: 'Login Succeeded', IdentityToken: '' };
  }

  async tags(): Promise<readonly string[]> {
    return [];
  }

  async search(): Promise<readonly never[]> {
    return [];
  }

  async relay(): Promise<never> {
    throw new WharfError('registry.failed', 'this registry has no pages');
  }
}
