/**
 * What Wharf's registry server tells and does beside the OCI distribution API, under `/wharf/v1`: for pages and commands that
 * look after one. Shapes are schemas, so that whoever asks parses the answer with `parse.ts`. Errors are the distribution
 * API's: `{"errors": [{"code", "message", "detail"?}]}`.
 *
 *     GET  /wharf/v1/repositories?n=&last=                    RepositoryList    what the asker may read; Link: rel="next"
 *     GET  /wharf/v1/repositories/<name>/tags?n=&last=        TagList           in the order of names; Link: rel="next"
 *     GET  /wharf/v1/repositories/<name>/manifests/<tag or digest>   ManifestDetails   layers, platforms, labels, referrers
 *     GET  /wharf/v1/space                                    SpaceUsed         administrator
 *     GET  /wharf/v1/users                                    UserList          administrator; names only
 *     GET  /wharf/v1/retention                                RetentionReport   administrator; what a run would remove now
 *     POST /wharf/v1/retention?dry-run=true|false             RetentionReport   administrator
 *     POST /wharf/v1/gc?dry-run=true|false                    CollectionReport  administrator
 *
 * Tags, manifests and blobs are deleted by the distribution API (`DELETE /v2/<name>/manifests/<tag or digest>`). Who may do
 * everything is an administrator: everybody where there are no users, every user where there are no rules, else users of a
 * rule that allows "admin". Sizes are bytes as stored (packed). Times are ISO 8601.
 */
import { boolean, count, list, map, object, oneOf, optional, type Static, string } from './schema.ts';

/** `artifact` is what is for no engine: charts, signatures, attestations, bills of materials. */
export const ContentKind = oneOf('image', 'extension', 'plugin', 'artifact');
export type ContentKind = Static<typeof ContentKind>;

export const RepositorySummary = object({
  name: string,
  /** Of what its shown tag names: `latest`, else the highest version, else the last name. */
  kind: ContentKind,
  title: string,
  description: string,
  tags: count,
  manifests: count,
  /** All that the repository holds, each blob once; other repositories may share it. */
  sizeBytes: count,
  platforms: list(string),
  /** When a tag was last pushed; not there without tags. */
  updatedAt: optional(string),
  /** Base URL of the registry this is a cache of; nothing can be pushed or deleted here then. */
  upstream: optional(string),
});
export type RepositorySummary = Static<typeof RepositorySummary>;

export const RepositoryList = object({ total: count, repositories: list(RepositorySummary) });
export type RepositoryList = Static<typeof RepositoryList>;

export const TagSummary = object({
  tag: string,
  digest: string,
  mediaType: string,
  kind: ContentKind,
  /** Of the manifests and blobs it needs, all platforms, each blob once. */
  sizeBytes: count,
  /** `linux/amd64`, ...; empty for artifacts. */
  platforms: list(string),
  /** When the image was made, by its own word. */
  createdAt: optional(string),
  pushedAt: optional(string),
  /** Signatures, attestations and the like that refer to it. */
  referrers: count,
});
export type TagSummary = Static<typeof TagSummary>;

export const TagList = object({ name: string, total: count, tags: list(TagSummary) });
export type TagList = Static<typeof TagList>;

export const LayerSummary = object({ digest: string, mediaType: string, sizeBytes: count });
export type LayerSummary = Static<typeof LayerSummary>;

export const PlatformDetails = object({
  /** Of this platform's manifest. */
  digest: string,
  platform: string,
  /** Its manifest, config and layers. */
  sizeBytes: count,
  createdAt: optional(string),
  labels: map(string),
  layers: list(LayerSummary),
});
export type PlatformDetails = Static<typeof PlatformDetails>;

export const ReferrerSummary = object({
  digest: string,
  mediaType: string,
  artifactType: string,
  sizeBytes: count,
  annotations: map(string),
});
export type ReferrerSummary = Static<typeof ReferrerSummary>;

export const ManifestDetails = object({
  name: string,
  digest: string,
  mediaType: string,
  artifactType: string,
  kind: ContentKind,
  sizeBytes: count,
  /** Every tag of the repository that names it. */
  tags: list(string),
  annotations: map(string),
  /** One for an image, several for an index; none for artifacts, which tell `layers`. */
  platforms: list(PlatformDetails),
  layers: list(LayerSummary),
  referrers: list(ReferrerSummary),
});
export type ManifestDetails = Static<typeof ManifestDetails>;

export const QuotaUse = object({
  repositories: list(string),
  /** The repository, for a quota that each has for itself. */
  repository: optional(string),
  usedBytes: count,
  maxBytes: optional(count),
  usedRepositories: count,
  maxRepositories: optional(count),
  usedTags: count,
  maxTags: optional(count),
});

export type QuotaUse = Static<typeof QuotaUse>;

export const CacheUse = object({
  /** First part of the repositories' names; empty for a registry that is a cache as a whole. */
  prefix: string,
  upstream: string,
  usedBytes: count,
  maxBytes: optional(count),
  /** False when the upstream could not be asked at the last try: what is held is served, as it was. */
  upstreamAnswers: boolean,
});
export type CacheUse = Static<typeof CacheUse>;

export const SpaceUsed = object({
  repositories: count,
  blobs: count,
  /** Of all blobs, each once. */
  sizeBytes: count,
  /** Uploads begun and not ended. */
  uploads: count,
  uploadBytes: count,
  quotas: list(QuotaUse),
  caches: list(CacheUse),
});
export type SpaceUsed = Static<typeof SpaceUsed>;

export const UserList = object({
  /** False: everybody may do everything. */
  signInNeeded: boolean,
  anonymousRead: boolean,
  users: list(string),
});
export type UserList = Static<typeof UserList>;

export const RetentionRemoval = object({
  repository: string,
  /** A tag, or a manifest without one. */
  tag: optional(string),
  digest: string,
  /** For people. */
  reason: string,
});
export type RetentionRemoval = Static<typeof RetentionRemoval>;

export const RetentionReport = object({
  dryRun: boolean,
  /** False without retention rules in the settings. */
  hasRules: boolean,
  removed: list(RetentionRemoval),
  keptTags: count,
});
export type RetentionReport = Static<typeof RetentionReport>;

export const CollectionReport = object({ dryRun: boolean, blobs: count, bytes: count, uploads: count });
export type CollectionReport = Static<typeof CollectionReport>;
