/** Processes started in running containers. Engine API 1.51. */
import * as s from '../schema.ts';

export const ExecConfig = s.object({
  User: s.optional(s.string),
  Privileged: s.optional(s.boolean),
  Tty: s.optional(s.boolean),
  /** [height, width] */
  ConsoleSize: s.maybe(s.list(s.integer)),
  AttachStdin: s.optional(s.boolean),
  AttachStderr: s.optional(s.boolean),
  AttachStdout: s.optional(s.boolean),
  Detach: s.optional(s.boolean),
  DetachKeys: s.optional(s.string),
  Env: s.maybe(s.list(s.string)),
  WorkingDir: s.optional(s.string),
  Cmd: s.maybe(s.list(s.string)),
});
export type ExecConfig = s.Static<typeof ExecConfig>;

export const ExecStartRequest = s.object({
  Detach: s.optional(s.boolean),
  Tty: s.optional(s.boolean),
  ConsoleSize: s.maybe(s.list(s.integer)),
});
export type ExecStartRequest = s.Static<typeof ExecStartRequest>;

export const ExecInspect = s.object({
  ID: s.string,
  Running: s.boolean,
  /** null while it runs. */
  ExitCode: s.nullable(s.integer),
  ProcessConfig: s.object({
    tty: s.boolean,
    entrypoint: s.string,
    arguments: s.list(s.string),
    privileged: s.boolean,
    user: s.optional(s.string),
  }),
  OpenStdin: s.boolean,
  OpenStderr: s.boolean,
  OpenStdout: s.boolean,
  CanRemove: s.boolean,
  ContainerID: s.string,
  DetachKeys: s.string,
  Pid: s.integer,
});
export type ExecInspect = s.Static<typeof ExecInspect>;
