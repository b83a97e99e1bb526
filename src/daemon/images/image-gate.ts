/** Who decides whether an image may come in. Implemented by trust/; without one, every image may. */
import type { Digest } from '../../oci/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import type { FetchedManifest, RequestOptions } from '../../registry/client/registry-client.ts';

export interface ImageGate {
  /** Before anything is asked of a registry. @throws WharfError 'trust.rejected' | 'trust.policy-broken' */
  open(reference: Reference): Promise<PullAdmission>;
}

/** What one pull may bring in. */
export interface PullAdmission {
  /**
   * Before any layer is fetched. Answers a line to show to whoever pulls, where there is something to say.
   * @throws WharfError 'trust.unverified', or the registry client's when signatures could not be asked for
   */
  verify(pulled: PulledManifests, options: RequestOptions): Promise<string | undefined>;
  /** Notes what was verified for these images, before they become visible. */
  record(imageIds: readonly Digest[]): void;
}

export interface PulledManifests {
  /** What the name stands for. */
  readonly top: FetchedManifest;
  /** The one manifest below it that is taken; absent when all of them are, and then the top itself must be signed. */
  readonly manifest?: { readonly digest: Digest; read(): Promise<Uint8Array> };
}
