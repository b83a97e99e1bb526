/**
 * The OCI runtime behind one interface: spec in, exit out. conmon supervises each container, so a container outlives the
 * daemon with its output and its exit code (ADR 0002).
 *
 *   create(bundle) ── conmon ── runtime create ──> created ── start ──> running ──> exit file
 *
 * Invariants:
 *  1. After `create` answers, the container's process exists and waits; its output goes to `logPath`.
 *  2. `waitExit` answers once the exit is on disk and all output is in the log, also for exits that happened while no daemon ran.
 *  3. `remove` leaves no process, cgroup, mount or file of the container in the exec root.
 */
import type { Duplex, Readable } from 'node:stream';

/** The OCI runtime spec, as far as Wharf writes it. Full shape: runtime-spec config.md. */
export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: RuntimeProcess;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts: readonly RuntimeMount[];
  readonly hooks?: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: Readonly<Record<string, unknown>>;
}

export interface RuntimeMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

export interface RuntimeProcess {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask?: number;
    readonly additionalGids?: readonly number[];
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities?: Readonly<
    Record<'bounding' | 'effective' | 'inheritable' | 'permitted' | 'ambient', readonly string[]>
  >;
  readonly rlimits?: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly oomScoreAdj?: number;
}

export interface CreateOptions {
  readonly spec: RuntimeSpec;
  /** crun, runc or a name of the daemon's settings; undefined: the daemon's choice. */
  readonly runtimeName?: string | undefined;
  /** The container keeps an open stdin (docker run -i). */
  readonly openStdin: boolean;
  /** First attached client's end of input ends the container's stdin. */
  readonly stdinOnce: boolean;
  readonly logPath: string;
  /** Its file is begun anew at this size, the old one lost; undefined: never. */
  readonly logMaxBytes?: number | undefined;
  readonly signal: AbortSignal;
}

export interface ExitStatus {
  /** 0..255; 128 + signal number when a signal ended it. */
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Milliseconds since the epoch. */
  readonly finishedAtMs: number;
}

export interface ExecOptions {
  readonly process: RuntimeProcess;
  readonly attachStdin: boolean;
  readonly signal: AbortSignal;
}

/** A process started in a running container (docker exec). */
export interface ExecSession {
  /** PID on the host. */
  readonly pid: number;
  /** Its input; absent when stdin was not asked for. */
  readonly stdin: NodeJS.WritableStream | undefined;
  readonly stdout: Readable;
  /** Absent with a terminal: everything comes on stdout. */
  readonly stderr: Readable | undefined;
  resize(size: { readonly rows: number; readonly columns: number }): void;
  kill(signal: number): void;
  readonly exited: Promise<{ readonly exitCode: number }>;
}

/** The live streams of a container's main process: conmon's attach socket. */
export interface AttachSession {
  /** Writing goes to the container's stdin; `end()` closes it when stdinOnce. */
  readonly stdin: Duplex;
  /** Each chunk with the stream it came from. Ends at the container's exit. */
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>;
  close(): void;
}

export type RuntimeStatus = 'created' | 'running' | 'paused' | 'stopped' | 'unknown';

export interface Runtime {
  /** 'crun' or 'runc', its version, and why it was chosen. */
  readonly info: {
    readonly name: string;
    readonly path: string;
    readonly version: string;
    readonly reason: string;
    readonly cgroupVersion: '1' | '2';
    /** Every one that works here, itself among them. */
    readonly found: readonly { readonly name: string; readonly path: string; readonly version: string }[];
  };
  /** @throws WharfError 'container.command-not-found' | 'container.command-not-executable' | 'runtime.failed' */
  create(id: string, options: CreateOptions): Promise<{ readonly pid: number; readonly conmonPid: number }>;
  start(id: string, options: { readonly signal: AbortSignal }): Promise<void>;
  kill(id: string, signalNumber: number, options?: { readonly all?: boolean }): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  exec(id: string, options: ExecOptions): Promise<ExecSession>;
  /** Without `stdin` the container's input stays untouched, whatever becomes of the session. */
  attach(id: string, options: { readonly signal: AbortSignal; readonly stdin?: boolean }): Promise<AttachSession>;
  resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
  status(id: string): Promise<RuntimeStatus>;
  /** Answers at once when it has exited already. Rejects only by its signal. */
  waitExit(id: string, options: { readonly signal: AbortSignal }): Promise<ExitStatus>;
  /** Asks for a new file under the log's path; the old one is complete when the path is another file. */
  reopenLog(id: string): Promise<void>;
  /** Removes what is left of an exited (or, with force, killed) container from the exec root. Unknown IDs are fine. */
  remove(id: string): Promise<void>;
  /** IDs the exec root knows, for reconciling at start-up. */
  list(): Promise<readonly string[]>;
  /** Changes limits of a running container (docker update); the OCI `linux.resources` object. */
  update(id: string, resources: Readonly<Record<string, unknown>>): Promise<void>;
  /** PIDs on the host of every process in the container. */
  pids(id: string): Promise<readonly number[]>;
  /** Raw counters for docker stats. */
  stats(id: string): Promise<CgroupStats>;
}

export interface CgroupStats {
  readonly readAtMs: number;
  readonly cpuTotalNs: number;
  readonly cpuUserNs: number;
  readonly cpuKernelNs: number;
  readonly perCpuNs: readonly number[];
  readonly throttling: {
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTimeNs: number;
  };
  readonly memoryUsageBytes: number;
  readonly memoryMaxUsageBytes: number | undefined;
  readonly memoryLimitBytes: number;
  /** memory.stat as the kernel gives it. */
  readonly memoryStat: Readonly<Record<string, number>>;
  readonly pids: number;
  readonly pidsLimit: number | undefined;
  /** How often the limit was met: v1 `memory.failcnt`, v2 `oom` of `memory.events`. */
  readonly memoryFailures: number;
  /** Bytes moved. */
  readonly blkio: readonly BlkioCounter[];
  /** Operations done; v1 only. */
  readonly blkioOperations: readonly BlkioCounter[];
}

export interface BlkioCounter {
  readonly major: number;
  readonly minor: number;
  /** v1: as the kernel names it (`Read`, `Write`, `Sync`, ... `Total`); v2: `read` and `write`. */
  readonly op: string;
  readonly value: number;
}
