/** Volumes. Engine API 1.51. */
import * as s from '../schema.ts';

export const Volume = s.object({
  Name: s.string,
  Driver: s.string,
  Mountpoint: s.string,
  /** RFC 3339. */
  CreatedAt: s.optional(s.string),
  Status: s.maybe(s.map(s.any)),
  Labels: s.nullable(s.map(s.string)),
  Scope: s.string,
  Options: s.nullable(s.map(s.string)),
  /** Only in disk usage. -1: not known. */
  UsageData: s.maybe(s.object({ Size: s.integer, RefCount: s.integer })),
});
export type Volume = s.Static<typeof Volume>;

export const VolumeCreateRequest = s.object({
  Name: s.optional(s.string),
  Driver: s.optional(s.string),
  DriverOpts: s.maybe(s.map(s.string)),
  Labels: s.maybe(s.map(s.string)),
  /** Of a swarm; there is none. */
  ClusterVolumeSpec: s.maybe(s.any),
});
export type VolumeCreateRequest = s.Static<typeof VolumeCreateRequest>;

export const VolumeListResult = s.object({ Volumes: s.list(Volume), Warnings: s.nullable(s.list(s.string)) });
export type VolumeListResult = s.Static<typeof VolumeListResult>;

export const VolumePruneResult = s.object({ VolumesDeleted: s.nullable(s.list(s.string)), SpaceReclaimed: s.integer });
export type VolumePruneResult = s.Static<typeof VolumePruneResult>;
