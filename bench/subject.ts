/** What is measured: an engine with its command lines, on folders of its own. */
export interface CommandLine {
  /** Column in the table. */
  readonly name: string;
  argv(args: readonly string[]): readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export interface Subject extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  readonly commands: readonly CommandLine[];
  /** Of the Docker Engine API. */
  readonly socket: string;
  /** The busybox and the larger image as this subject names them. */
  readonly image: string;
  readonly largeImage: string;
  /** The registry every subject pulls from. */
  readonly registryHost: string;
  /** Processes of the engine, monitors of containers included, what runs in containers not. */
  pids(): readonly number[];
  /** Ends the daemon and starts it again; answers when it was spawned (performance.now()). Undefined where there is none. */
  readonly respawn: (() => Promise<number>) | undefined;
}

/** A registry server in a process of its own, with the small blob and the manifest that are asked for. */
export interface RegistrySubject extends AsyncDisposable {
  readonly name: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
}
