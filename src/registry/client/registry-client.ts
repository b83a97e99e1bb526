/**
 * What the engine asks of a registry: resolve a name, fetch and push manifests and blobs. Implemented in this folder.
 *
 * Each call goes to an ordered list of endpoints: the mirrors of Docker Hub first (for docker.io only), the registry itself,
 * then the fallback registries (asked when the registry can't be reached or does not know the image).
 */
import type { Readable } from 'node:stream';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import type { RelayedAnswer, RelayedRequest } from './relay-request.ts';

/** Credentials as Docker's X-Registry-Auth header carries them. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress?: string;
}

export interface RegistryClientConfig {
  /** Base URLs asked before Docker Hub, in order. */
  readonly mirrors: readonly string[];
  /** Base URLs asked when the registry itself fails or does not know the image, in order. */
  readonly fallbacks: readonly string[];
  /** `host[:port]` or CIDR that may speak plain HTTP or use an unknown certificate; loopback always may. */
  readonly insecureRegistries: readonly string[];
  readonly userAgent: string;
}

export interface RequestOptions {
  readonly auth?: RegistryAuth;
  readonly signal: AbortSignal;
}

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  /** The exact bytes, digest already verified. */
  readonly bytes: Uint8Array;
  /** Base URL of the endpoint that answered, without credentials. Blobs of this manifest are asked there first. */
  readonly endpoint: string;
}

export interface FetchManifestOptions extends RequestOptions {
  /**
   * Bytes the caller has of a manifest. Where it is given, the registry is first asked for the digest alone (HEAD): registries
   * that count pulls count the manifest's GET.
   */
  readonly held?: (digest: Digest) => Promise<Uint8Array | undefined>;
}

export interface FetchBlobOptions extends RequestOptions {
  readonly offset?: number;
  /** `FetchedManifest.endpoint`: asked first. */
  readonly endpoint?: string;
  /** False when the reader hashes the bytes itself, as the content ingest does; default true. */
  readonly verifyDigest?: boolean;
}

export interface RegistryClient {
  /** By tag or digest. @throws WharfError 'manifest.unknown' | 'auth.required' | 'auth.denied' | 'registry.*' | 'digest.mismatch' */
  fetchManifest(reference: Reference, options: FetchManifestOptions): Promise<FetchedManifest>;
  /**
   * The blob's bytes from `offset` on, re-requested by range when the connection is cut (bounded retries with back-off).
   * The stream errors with 'digest.mismatch' / 'size.mismatch' at its end when the whole blob differs (only checked when
   * offset is 0; the ingest checks always).
   */
  fetchBlob(reference: Reference, descriptor: Descriptor, options: FetchBlobOptions): Promise<Readable>;
  /**
   * Manifests that say they are about `subject` (OCI 1.1 referrers, or the tag that stands in for them); none when there are none.
   * `endpoint` as of blobs: where the subject came from, which is asked first; the next one is asked when it has none.
   */
  referrers(
    reference: Reference,
    subject: Digest,
    options: RequestOptions & { readonly endpoint?: string },
  ): Promise<readonly Descriptor[]>;
  blobExists(reference: Reference, digest: string, options: RequestOptions): Promise<boolean>;
  /** `mountFrom`: repositories of the same registry that may hold it already. Answers how it got there. */
  pushBlob(
    reference: Reference,
    descriptor: Descriptor,
    open: () => Readable,
    options: RequestOptions & {
      readonly mountFrom?: readonly string[];
      /** Which of them had it. */
      readonly onMounted?: (from: string) => void;
      readonly onBytes?: (sent: number) => void;
    },
  ): Promise<'pushed' | 'exists' | 'mounted'>;
  pushManifest(reference: Reference, mediaType: string, bytes: Uint8Array, options: RequestOptions): Promise<string>;
  /** Checks credentials (docker login). Answers Docker's `{Status, IdentityToken}`. */
  login(
    auth: RegistryAuth,
    options: { readonly signal: AbortSignal },
  ): Promise<{ Status: string; IdentityToken: string }>;
  tags(reference: Reference, options: RequestOptions): Promise<readonly string[]>;
  /** Search of Docker Hub (`docker.io`) or of a registry that has Wharf's search endpoint or a catalogue. */
  search(query: RegistrySearchQuery, options: RequestOptions): Promise<readonly RegistrySearchResult[]>;
  /**
   * Sends a page's request on to a registry (`docker.io` or `host[:port]`); whatever status comes back is an answer.
   * @throws WharfError 'request.invalid' | 'registry.*' | 'auth.*'
   */
  relay(registry: string, request: RelayedRequest, options: RequestOptions): Promise<RelayedAnswer>;
}

export interface RegistrySearchQuery {
  /** `docker.io`, or `host[:port]`. */
  readonly registry: string;
  readonly term: string;
  readonly kind?: 'image' | 'extension' | 'plugin';
  /** `os/architecture[/variant]`; what tells no platform may be for any. */
  readonly platform?: string;
  readonly limit: number;
}

export interface RegistrySearchResult {
  readonly registry: string;
  /** Repository as one would pull it, with the registry's host where it is not Docker Hub. */
  readonly name: string;
  readonly kind: 'image' | 'extension' | 'plugin';
  readonly title: string;
  readonly description: string;
  /** URL or data URI. */
  readonly icon?: string;
  readonly official: boolean;
  readonly stars: number;
  readonly platforms: readonly string[];
  readonly tags: readonly string[];
  readonly sizeBytes?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly updatedAt?: string;
}
