/**
 * What the rest of the daemon may ask of the containers: one method for each API operation. Implemented in this folder by
 * `createContainerService` (create-container-service.ts); HTTP handlers use it.
 *
 * `ref` is what a client gives: a full ID, a name (with or without the leading slash) or a unique ID prefix. Every method
 * with a `ref` throws WharfError 'container.not-found' or 'container.ambiguous'. Methods that answer a stream check
 * everything that can be checked first and throw before the stream is answered, so that HTTP can still send an error.
 */
import type { Duplex, Readable } from 'node:stream';
import type {
  ContainerCreateRequest,
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  ContainerTop,
  EndpointSettings,
  ExecConfig,
  ExecInspect,
  HostConfig,
} from '../../contract/engine-types.ts';
import type { ImageRunConfig } from '../images/image-service.ts';

export type Filters = ReadonlyMap<string, readonly string[]>;
export type RawStreamType = 'application/vnd.docker.raw-stream' | 'application/vnd.docker.multiplexed-stream';

/**
 * An opened attach or exec. HTTP takes the connection over, writes the 101 or 200 head with `contentType`, then calls
 * `serve` once. Output is kept from the moment the session was answered, so nothing is lost in between.
 * A session that will not be served must be closed with `cancel`.
 */
export interface StreamSession {
  readonly contentType: RawStreamType;
  /** Answers when all output was written or the client has gone; then the connection's writable side is ended. */
  serve(connection: Duplex): Promise<void>;
  cancel(): void;
}

export interface ListContainersQuery {
  readonly all: boolean;
  readonly limit?: number;
  readonly size: boolean;
  readonly filters: Filters;
}

export interface LogsQuery {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly timestamps: boolean;
  /** 'all', '' or a number, as the API has it. */
  readonly tail?: string;
  /** UNIX time with an optional fraction ('1700000000.123456789'), as the API has it; 0 and '' mean no bound. */
  readonly since?: string | number;
  readonly until?: string | number;
  /** The attributes that the log options ask for (labels, env, tag), before each line. */
  readonly details?: boolean;
  readonly signal: AbortSignal;
}

export interface AttachQuery {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Replay what was written before. */
  readonly logs: boolean;
  /** Go on with live output. */
  readonly stream: boolean;
  /** For example 'ctrl-p,ctrl-q'; undefined or '' for the default. */
  readonly detachKeys?: string;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';
export interface WaitResult {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string };
}

/** Docker's X-Docker-Container-Path-Stat: base64 of this object's JSON (`encodePathStat` in archive-stat.ts). */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode bits. */
  readonly mode: number;
  /** RFC 3339. */
  readonly mtime: string;
  readonly linkTarget: string;
}

export interface PutArchiveOptions {
  readonly noOverwriteDirNonDir: boolean;
  /** Keep the user and group of the archive's entries. */
  readonly copyUidGid: boolean;
  readonly signal: AbortSignal;
}

export interface ExecStartQuery {
  readonly detach: boolean;
  readonly tty: boolean;
  /** [height, width]. */
  readonly consoleSize?: readonly number[] | null;
}

export interface CommitQuery {
  readonly container: string;
  /** 'repo:tag', or undefined for an image without a name. */
  readonly reference?: string;
  readonly comment: string;
  readonly author: string;
  readonly pause: boolean;
  /** Dockerfile instructions (`changes`). */
  readonly changes: readonly string[];
  /** Replaces the container's config when given. */
  readonly config?: ImageRunConfig;
  readonly signal: AbortSignal;
}

export interface ContainerCounts {
  readonly total: number;
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
}

/** The fields of HostConfig that `docker update` may change. */
export type ContainerUpdate = Partial<HostConfig>;

export interface ContainerService {
  // ContainerCreate, ContainerList, ContainerInspect, ContainerRename, ContainerUpdate, ContainerPrune, ContainerDelete
  /** @throws WharfError 'container.config-invalid' | 'container.name-taken' | 'container.name-invalid' | 'image.not-found' */
  create(
    request: ContainerCreateRequest,
    options: { readonly name?: string; readonly platform?: string; readonly signal: AbortSignal },
  ): Promise<{ readonly Id: string; readonly Warnings: readonly string[] }>;
  list(query: ListContainersQuery, options: { readonly signal: AbortSignal }): Promise<readonly ContainerSummary[]>;
  inspect(ref: string, options: { readonly size: boolean; readonly signal: AbortSignal }): Promise<ContainerInspect>;
  rename(ref: string, name: string): Promise<void>;
  update(ref: string, update: ContainerUpdate): Promise<{ readonly Warnings: readonly string[] | null }>;
  prune(
    filters: Filters,
  ): Promise<{ readonly ContainersDeleted: readonly string[] | null; readonly SpaceReclaimed: number }>;
  /** Takes away a link `name/alias`, as `docker rm --link`. */
  removeLink(ref: string): Promise<void>;
  /** `volumes`: anonymous ones too. @throws WharfError 'container.running' without force */
  remove(ref: string, options: { readonly force: boolean; readonly volumes: boolean }): Promise<void>;

  // ContainerStart, ContainerStop, ContainerRestart, ContainerKill, ContainerPause, ContainerUnpause, ContainerWait
  /** 'unchanged' is HTTP 304. */
  start(ref: string, options: { readonly signal: AbortSignal }): Promise<'started' | 'unchanged'>;
  /** `timeoutSeconds` undefined: the container's own; negative: wait for ever. */
  stop(
    ref: string,
    options: { readonly timeoutSeconds?: number; readonly signalName?: string },
  ): Promise<'stopped' | 'unchanged'>;
  restart(ref: string, options: { readonly timeoutSeconds?: number; readonly signalName?: string }): Promise<void>;
  /** `signalName`: 'SIGTERM', 'TERM' or '15'; default SIGKILL. */
  kill(ref: string, options: { readonly signalName?: string }): Promise<void>;
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;
  /** The outer promise answers when the wait is registered: send the headers then. `result` rejects only by `signal`. */
  wait(
    ref: string,
    options: { readonly condition: WaitCondition; readonly signal: AbortSignal },
  ): Promise<{ readonly result: Promise<WaitResult> }>;
  resize(ref: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;

  // ContainerTop, ContainerStats, ContainerLogs, ContainerAttach (and ContainerAttachWebsocket)
  top(ref: string, psArgs: string): Promise<ContainerTop>;
  /** `stream: false` gives one document; with `oneShot` at once, without the second sample for `precpu_stats`. */
  stats(
    ref: string,
    options: { readonly stream: boolean; readonly oneShot: boolean; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<ContainerStats>>;
  logs(
    ref: string,
    query: LogsQuery,
  ): Promise<{ readonly contentType: RawStreamType; readonly body: AsyncIterable<Uint8Array> }>;
  attach(ref: string, query: AttachQuery): Promise<StreamSession>;

  // ContainerExec, ExecStart, ExecInspect, ExecResize
  createExec(ref: string, config: ExecConfig): Promise<{ readonly Id: string }>;
  /** undefined when detached. @throws WharfError 'exec.not-found' | 'container.not-running' | 'container.command-not-found' */
  startExec(execId: string, query: ExecStartQuery): Promise<StreamSession | undefined>;
  inspectExec(execId: string): Promise<ExecInspect>;
  resizeExec(execId: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;

  // ContainerArchiveInfo, ContainerArchive, PutContainerArchive, ContainerExport, ContainerChanges, ImageCommit
  statPath(ref: string, path: string): Promise<PathStat>;
  readArchive(
    ref: string,
    path: string,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly stat: PathStat; readonly body: Readable }>;
  writeArchive(ref: string, path: string, archive: Readable, options: PutArchiveOptions): Promise<void>;
  export(ref: string, options: { readonly signal: AbortSignal }): Promise<Readable>;
  /** Kind: 0 modified, 1 added, 2 deleted. */
  changes(
    ref: string,
    options: { readonly signal: AbortSignal },
  ): Promise<readonly { readonly Path: string; readonly Kind: 0 | 1 | 2 }[] | null>;
  commit(query: CommitQuery): Promise<{ readonly Id: string }>;

  // NetworkConnect, NetworkDisconnect: these two change the container, running or not, so HTTP asks here.
  connectNetwork(network: string, ref: string, settings: EndpointSettings): Promise<void>;
  disconnectNetwork(network: string, ref: string, options: { readonly force: boolean }): Promise<void>;

  // For /info, /system/df and the image service
  counts(): ContainerCounts;
  /** The full ID. */
  resolve(ref: string): string;
  /** Containers created from this image ID (ImageUsers of images/). */
  usersOf(imageId: string): readonly { readonly containerId: string; readonly running: boolean }[];

  /** At start-up, before the API listens: compares the store with what runs and repairs either. */
  reconcile(options: { readonly signal: AbortSignal }): Promise<void>;
  /** At the end: `stopContainers` ends them all (each with its own stop timeout); else they go on without us. */
  shutdown(options: { readonly stopContainers: boolean }): Promise<void>;
}
