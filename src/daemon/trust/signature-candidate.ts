/** What a registry holds beside an image that may be a signature of it. Nothing of it is believed yet. */
import type { Digest } from '../../oci/digest.ts';

export interface CandidateOrigin {
  readonly foundBy: 'tag' | 'referrers';
  /** The manifest that holds it. */
  readonly artifact: Digest;
}

export type SignatureCandidate = CandidateOrigin &
  (
    | {
        readonly kind: 'simple-signing';
        readonly payload: Uint8Array;
        /** Base64, of an annotation. */
        readonly signature: string;
        readonly hasCertificate: boolean;
      }
    | { readonly kind: 'dsse'; readonly envelope: string; readonly hasCertificate: boolean }
    | { readonly kind: 'bundle'; readonly bundle: string }
    | { readonly kind: 'unreadable'; readonly problem: string }
  );

/** A manifest that signatures may be about. */
export interface Subject {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}
