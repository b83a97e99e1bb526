/** Images. Engine API 1.51. */
import * as s from '../schema.ts';
import { ContainerConfig } from './container-config.ts';

const ApiPlatform = s.object({
  architecture: s.string,
  os: s.string,
  variant: s.optional(s.string),
  'os.version': s.optional(s.string),
  'os.features': s.maybe(s.list(s.string)),
});

/** OCI descriptor, as the API repeats it. */
export const ApiDescriptor = s.object({
  mediaType: s.optional(s.string),
  digest: s.optional(s.string),
  size: s.optional(s.integer),
  platform: s.maybe(ApiPlatform),
  annotations: s.maybe(s.map(s.string)),
});
export type ApiDescriptor = s.Static<typeof ApiDescriptor>;

/** One manifest of an image, as `manifests=1` tells it. Sizes in bytes, of what is here. */
export const ManifestSummary = s.object({
  /** The manifest's digest. */
  ID: s.string,
  Descriptor: ApiDescriptor,
  /** Whether its config and layers are here. */
  Available: s.boolean,
  Size: s.object({ Content: s.integer, Total: s.integer }),
  Kind: s.oneOf('image', 'attestation', 'unknown'),
  ImageData: s.optional(
    s.object({
      Platform: ApiPlatform,
      Size: s.object({ Unpacked: s.integer }),
      Containers: s.list(s.string),
    }),
  ),
  AttestationData: s.optional(s.object({ For: s.string })),
});
export type ManifestSummary = s.Static<typeof ManifestSummary>;

export const ImageSummary = s.object({
  Id: s.string,
  ParentId: s.string,
  RepoTags: s.list(s.string),
  RepoDigests: s.list(s.string),
  /** Seconds since the epoch. */
  Created: s.integer,
  /** Bytes on disk, shared layers included. */
  Size: s.integer,
  /** -1: not computed. */
  SharedSize: s.integer,
  Labels: s.nullable(s.map(s.string)),
  /** -1: not computed. */
  Containers: s.integer,
  Descriptor: s.optional(ApiDescriptor),
  Manifests: s.optional(s.list(ManifestSummary)),
});
export type ImageSummary = s.Static<typeof ImageSummary>;

export const ImageInspect = s.object({
  Id: s.string,
  RepoTags: s.list(s.string),
  RepoDigests: s.list(s.string),
  Parent: s.string,
  Comment: s.string,
  /** RFC 3339. */
  Created: s.optional(s.string),
  DockerVersion: s.string,
  Author: s.string,
  Config: s.optional(ContainerConfig),
  Architecture: s.string,
  Variant: s.optional(s.string),
  Os: s.string,
  OsVersion: s.optional(s.string),
  Size: s.integer,
  GraphDriver: s.object({ Name: s.string, Data: s.nullable(s.map(s.string)) }),
  RootFS: s.object({ Type: s.string, Layers: s.list(s.string) }),
  Metadata: s.object({ LastTagTime: s.string }),
  Descriptor: s.optional(ApiDescriptor),
  Manifests: s.optional(s.list(ManifestSummary)),
});
export type ImageInspect = s.Static<typeof ImageInspect>;

export const HistoryItem = s.object({
  Id: s.string,
  Created: s.integer,
  CreatedBy: s.string,
  Tags: s.nullable(s.list(s.string)),
  Size: s.integer,
  Comment: s.string,
});
export type HistoryItem = s.Static<typeof HistoryItem>;

export const ImageDeleteItem = s.partial({ Untagged: s.string, Deleted: s.string });
export type ImageDeleteItem = s.Static<typeof ImageDeleteItem>;

export const ImagePruneResult = s.object({
  ImagesDeleted: s.nullable(s.list(ImageDeleteItem)),
  SpaceReclaimed: s.integer,
});
export type ImagePruneResult = s.Static<typeof ImagePruneResult>;

/** One line of a progress stream (Docker's JSONMessage). */
export const ProgressMessage = s.partial({
  stream: s.string,
  status: s.string,
  id: s.string,
  progressDetail: s.partial({
    current: s.integer,
    total: s.integer,
    start: s.integer,
    units: s.string,
    hidecounts: s.boolean,
  }),
  progress: s.string,
  error: s.string,
  errorDetail: s.object({
    code: s.optional(s.integer),
    message: s.string,
    /** Wharf's error code and hint; Docker's clients ignore them. */
    wharfCode: s.optional(s.string),
    hint: s.optional(s.string),
  }),
  aux: s.any,
});
export type ProgressMessage = s.Static<typeof ProgressMessage>;

/** `GET /images/search`. */
export const ImageSearchItem = s.object({
  name: s.string,
  description: s.string,
  is_official: s.boolean,
  is_automated: s.boolean,
  star_count: s.integer,
});
export type ImageSearchItem = s.Static<typeof ImageSearchItem>;

export const DistributionInspect = s.object({
  Descriptor: ApiDescriptor,
  Platforms: s.list(
    s.object({
      architecture: s.string,
      os: s.string,
      variant: s.optional(s.string),
      'os.version': s.optional(s.string),
    }),
  ),
});
export type DistributionInspect = s.Static<typeof DistributionInspect>;
