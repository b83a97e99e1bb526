/** What Wharf's own routes tell of the image store: verification, and lists of manifests. */
import * as s from '../schema.ts';

/** One thing `image verify` found not to be as it should. */
export const VerifyFinding = s.object({
  Kind: s.oneOf('index', 'manifest', 'config', 'layer', 'unpacked layer'),
  /** Of the blob; of an unpacked layer its chain ID. */
  Digest: s.string,
  Image: s.string,
  /** `unchecked`: what would tell is damaged itself. */
  Problem: s.oneOf('missing', 'damaged', 'unchecked'),
  Detail: s.string,
  Repaired: s.boolean,
  /** Why it was not repaired. */
  Reason: s.optional(s.string),
});
export type VerifyFinding = s.Static<typeof VerifyFinding>;

/** The last line of `image verify`, as `aux`. */
export const VerifySummary = s.object({
  Blobs: s.integer,
  Layers: s.integer,
  /** Bytes of blobs that were hashed. */
  Bytes: s.integer,
  Findings: s.list(VerifyFinding),
});
export type VerifySummary = s.Static<typeof VerifySummary>;
