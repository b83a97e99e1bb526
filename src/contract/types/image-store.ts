/** What Wharf's own routes tell of the image store: verification, and lists of manifests. */
import * as s from '../schema.ts';

export const ManifestListSummary = s.object({
  Name: s.string,
  /** Of the index it would be pushed as. */
  Digest: s.string,
  /** `linux/arm64/v8`, one an entry. */
  Platforms: s.list(s.string),
  /** Names of its images. */
  Sources: s.list(s.string),
});
export type ManifestListSummary = s.Static<typeof ManifestListSummary>;

export const ManifestDocument = s.object({
  Name: s.string,
  /** A list that was put together here, or what the registry has. */
  Origin: s.oneOf('list', 'registry'),
  MediaType: s.string,
  Digest: s.string,
  Size: s.integer,
  /** The document itself, byte for byte. */
  Document: s.string,
});
export type ManifestDocument = s.Static<typeof ManifestDocument>;

export const ManifestCreateRequest = s.object({
  Images: s.optional(s.list(s.string)),
  /** Adds to a list that is there already. */
  Amend: s.optional(s.boolean),
  /** Takes all images of an index; else one, of `Platform` or this machine's. */
  All: s.optional(s.boolean),
  Platform: s.optional(s.string),
});

const changes = {
  Os: s.optional(s.string),
  Architecture: s.optional(s.string),
  Variant: s.optional(s.string),
  OsVersion: s.optional(s.string),
  OsFeatures: s.optional(s.list(s.string)),
  Annotations: s.optional(s.map(s.string)),
} as const;

export const ManifestAddRequest = s.object({
  Image: s.string,
  All: s.optional(s.boolean),
  Platform: s.optional(s.string),
  ...changes,
});
export const ManifestAnnotateRequest = s.object({
  /** Name or digest of the entry; without one the annotations are the list's own. */
  Image: s.optional(s.string),
  ...changes,
});
export type ManifestAnnotateRequest = s.Static<typeof ManifestAnnotateRequest>;
export const ManifestRemoveRequest = s.object({ Image: s.string });
/** Of the list as it is now. */
export const ManifestDigest = s.object({ Digest: s.string });

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
