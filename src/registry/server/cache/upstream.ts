/**
 * The registry a cache asks. Who speaks to it is given from outside (registry/open-upstream.ts, over the registry client):
 * the server knows only what it needs of it. All throw WharfError 'manifest.unknown' | 'auth.*' | 'registry.*' |
 * 'digest.mismatch' | 'request.cancelled'.
 */
import type { Readable } from 'node:stream';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { CacheSettings } from './cache-settings.ts';

export type UpstreamSelector =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'manifest'; readonly digest: Digest };

export interface UpstreamManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface Upstream {
  /** @param held what is here of a digest: then the digest alone is asked for first, and the bytes only when it is another */
  manifest(
    repository: string,
    selector: UpstreamSelector,
    options: {
      readonly held?: (digest: Digest) => Promise<Uint8Array | undefined>;
      readonly signal: AbortSignal;
    },
  ): Promise<UpstreamManifest>;
  /** Undefined when the repository has no such blob. */
  blobSize(repository: string, digest: Digest, signal: AbortSignal): Promise<number | undefined>;
  /**
   * The bytes; connections that are cut are taken up again. `verify` ends them with an error when they are others; who stores
   * them verifies them anyway.
   */
  blob(
    repository: string,
    blob: { readonly digest: Digest; readonly sizeBytes: number; readonly verify: boolean },
    signal: AbortSignal,
  ): Promise<Readable>;
  tags(repository: string, signal: AbortSignal): Promise<readonly string[]>;
  referrers(repository: string, subject: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;
  close(): void;
}

export type OpenUpstream = (settings: CacheSettings) => Promise<Upstream>;
