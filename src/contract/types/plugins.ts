/** Plugins that the engine runs itself. Engine API 1.51. */
import * as s from '../schema.ts';

export const PluginMount = s.object({
  Description: s.optional(s.string),
  Destination: s.optional(s.string),
  Name: s.optional(s.string),
  Options: s.maybe(s.list(s.string)),
  Settable: s.maybe(s.list(s.string)),
  Source: s.maybe(s.string),
  Type: s.optional(s.string),
});
export type PluginMount = s.Static<typeof PluginMount>;

export const PluginDevice = s.object({
  Description: s.optional(s.string),
  Name: s.optional(s.string),
  Path: s.maybe(s.string),
  Settable: s.maybe(s.list(s.string)),
});
export type PluginDevice = s.Static<typeof PluginDevice>;

export const PluginEnv = s.object({
  Description: s.optional(s.string),
  Name: s.string,
  Settable: s.maybe(s.list(s.string)),
  Value: s.maybe(s.string),
});
export type PluginEnv = s.Static<typeof PluginEnv>;

/** All fields of the file; what it leaves out is shown with Go's zero values. */
export const PluginConfig = s.object({
  Args: s.maybe(
    s.object({
      Description: s.optional(s.string),
      Name: s.optional(s.string),
      Settable: s.maybe(s.list(s.string)),
      Value: s.maybe(s.list(s.string)),
    }),
  ),
  Description: s.optional(s.string),
  DockerVersion: s.optional(s.string),
  Documentation: s.optional(s.string),
  Entrypoint: s.maybe(s.list(s.string)),
  Env: s.maybe(s.list(PluginEnv)),
  Interface: s.maybe(
    s.object({
      ProtocolScheme: s.optional(s.string),
      Socket: s.optional(s.string),
      /** `docker.volumedriver/1.0` */
      Types: s.maybe(s.list(s.string)),
    }),
  ),
  IpcHost: s.optional(s.boolean),
  Linux: s.maybe(
    s.object({
      AllowAllDevices: s.optional(s.boolean),
      Capabilities: s.maybe(s.list(s.string)),
      Devices: s.maybe(s.list(PluginDevice)),
    }),
  ),
  Mounts: s.maybe(s.list(PluginMount)),
  Network: s.maybe(s.object({ Type: s.optional(s.string) })),
  PidHost: s.optional(s.boolean),
  PropagatedMount: s.optional(s.string),
  User: s.maybe(s.object({ UID: s.optional(s.integer), GID: s.optional(s.integer) })),
  WorkDir: s.optional(s.string),
  rootfs: s.maybe(s.object({ type: s.optional(s.string), diff_ids: s.maybe(s.list(s.string)) })),
});
export type PluginConfig = s.Static<typeof PluginConfig>;

export const PluginSettings = s.object({
  Args: s.list(s.string),
  Devices: s.list(PluginDevice),
  Env: s.list(s.string),
  Mounts: s.list(PluginMount),
});
export type PluginSettings = s.Static<typeof PluginSettings>;

export const Plugin = s.object({
  Config: PluginConfig,
  Enabled: s.boolean,
  Id: s.optional(s.string),
  Name: s.string,
  PluginReference: s.optional(s.string),
  Settings: PluginSettings,
});
export type Plugin = s.Static<typeof Plugin>;

export const PluginPrivilege = s.object({
  Name: s.string,
  Description: s.optional(s.string),
  Value: s.maybe(s.list(s.string)),
});
export type PluginPrivilege = s.Static<typeof PluginPrivilege>;
