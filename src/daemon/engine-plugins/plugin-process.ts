/**
 * Running a managed plugin: mount its root, start it, wait until it listens; start it again when it ends by itself.
 *
 *   off ── start ──► on ── ends by itself ──► waiting ── after a pause ──► on
 *                     └── stop: SIGTERM, after ten seconds SIGKILL ──► off
 */
import { existsSync, mkdirSync } from 'node:fs';
import { rm, truncate } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { isMounted, mount, mountFlags, unmount } from '../linux/mount.ts';
import type { MachineFacts } from '../runtime/host-facts.ts';
import type { PluginRecord } from './plugin-config.ts';
import { pluginSpec } from './plugin-spec.ts';
import type { PluginStorage } from './plugin-storage.ts';

export interface PluginProcessParts {
  readonly storage: PluginStorage;
  readonly machine: MachineFacts;
  readonly cgroupParent: string;
  /** The OCI runtime to run with; undefined: whichever fits. */
  runtimeName(): string | undefined;
  /** Ends with the daemon. */
  readonly signal: AbortSignal;
  warn(message: string): void;
}

const SIGTERM = 15;
const SIGKILL = 9;
const stopGraceMs = 10_000;
/** How long a plugin may take until it listens. */
const listenLimitMs = 10_000;
const firstPauseMs = 500;
const longestPauseMs = 30_000;

export class PluginProcess {
  readonly #parts: PluginProcessParts;
  readonly #runtimeId: string;
  #record: PluginRecord;
  /** Fires when it is to end. */
  #wanted: AbortController | undefined;
  #watch: Promise<void> = Promise.resolve();

  constructor(parts: PluginProcessParts, record: PluginRecord) {
    this.#parts = parts;
    this.#record = record;
    this.#runtimeId = record.id.slice(0, 24);
  }

  get socketPath(): string {
    return join(this.#parts.storage.socketFolderOf(this.#record.id), this.#record.config.Interface?.Socket ?? '');
  }

  /** Where a path that the plugin tells lies on this host. */
  scopedPath(path: string): string {
    const { id, config } = this.#record;
    const propagated = config.PropagatedMount ?? '';
    const folder = this.#parts.storage.folderOf(id);
    if (propagated !== '' && (path === propagated || path.startsWith(`${propagated}/`))) {
      return join(folder, 'propagated-mount', path.slice(propagated.length));
    }
    return join(this.#parts.storage.snapshots.driverData(id).MergedDir ?? folder, path);
  }

  /** Answers when it listens. @throws WharfError; then it does not run */
  async start(record: PluginRecord): Promise<void> {
    this.#record = record;
    await this.#clear();
    try {
      await this.#launch();
    } catch (error) {
      await this.#clear();
      throw error;
    }
    this.#supervise();
  }

  /** After a restart of the daemon: takes over one that still runs, else starts it. */
  async restore(record: PluginRecord): Promise<void> {
    this.#record = record;
    const status = await this.#parts.storage.runtime.status(this.#runtimeId);
    if (status !== 'running') return await this.start(record);
    await this.#parts.storage.snapshots.mount(record.id);
    await this.#untilListening();
    this.#supervise();
  }

  async stop(): Promise<void> {
    this.#wanted?.abort();
    await this.#watch;
    const { runtime } = this.#parts.storage;
    if ((await runtime.status(this.#runtimeId)) === 'running') {
      const ended = runtime.waitExit(this.#runtimeId, { signal: AbortSignal.timeout(stopGraceMs) });
      await runtime.kill(this.#runtimeId, SIGTERM).catch(ignoreEnded);
      await ended.catch(async () => runtime.kill(this.#runtimeId, SIGKILL, { all: true }).catch(ignoreEnded));
    }
    await this.#clear();
  }

  /** The daemon ends and the plugin goes on. */
  leave(): void {
    this.#wanted?.abort();
  }

  async #launch(): Promise<void> {
    const { storage, machine, cgroupParent } = this.#parts;
    const { id, config } = this.#record;
    const root = await storage.snapshots.mount(id);
    const folder = storage.folderOf(id);
    const socketFolder = storage.socketFolderOf(id);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    mkdirSync(socketFolder, { recursive: true, mode: 0o700 });
    const propagatedMount = config.PropagatedMount ? shareFolder(join(folder, 'propagated-mount')) : undefined;
    const places = { runtimeId: this.#runtimeId, root, socketFolder, propagatedMount, cgroupParent };
    const logPath = join(folder, 'plugin.log');
    if (existsSync(logPath)) await truncate(logPath);
    const { signal } = this.#parts;
    const spec = pluginSpec(this.#record, places, machine);
    const runtimeName = this.#parts.runtimeName();
    await storage.runtime.create(this.#runtimeId, {
      spec,
      runtimeName,
      openStdin: false,
      stdinOnce: false,
      logPath,
      signal,
    });
    await storage.runtime.start(this.#runtimeId, { signal });
    await this.#untilListening();
  }

  /** @throws WharfError 'plugin.failed' when it ended, or has no listener in time */
  async #untilListening(): Promise<void> {
    const deadline = performance.now() + listenLimitMs;
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 200)) {
      const failure = await tryConnect(this.socketPath);
      if (failure === undefined) return;
      const status = await this.#parts.storage.runtime.status(this.#runtimeId);
      if (status !== 'running' || performance.now() > deadline) {
        const why = status === 'running' ? '' : ' (it has ended; its output is in plugin.log of its folder)';
        throw new WharfError('plugin.failed', `dial unix ${this.socketPath}: connect: ${failure}${why}`);
      }
      await delay(pauseMs, undefined, { signal: this.#parts.signal });
    }
  }

  #supervise(): void {
    const wanted = new AbortController();
    this.#wanted = wanted;
    const signal = AbortSignal.any([wanted.signal, this.#parts.signal]);
    this.#watch = this.#keepUp(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#parts.warn(`plugins: ${this.#record.name}: ${textOf(error)}`);
    });
  }

  /** Starts it again whenever it ends, with pauses that grow while it keeps ending soon. */
  async #keepUp(signal: AbortSignal): Promise<void> {
    for (let pauseMs = firstPauseMs; ; ) {
      const startedMs = performance.now();
      const { exitCode } = await this.#parts.storage.runtime.waitExit(this.#runtimeId, { signal });
      if (performance.now() - startedMs > longestPauseMs) pauseMs = firstPauseMs;
      this.#parts.warn(`plugins: ${this.#record.name} ended with code ${exitCode}; starting it again`);
      for (;;) {
        await delay(pauseMs, undefined, { signal });
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
        await this.#clear();
        const failed = await this.#launch().then(
          () => false,
          (error: unknown) => this.#told(error),
        );
        if (!failed) break;
      }
    }
  }

  #told(error: unknown): true {
    this.#parts.warn(`plugins: ${this.#record.name} could not be started again: ${textOf(error)}`);
    return true;
  }

  /** Nothing of a run is left afterwards. */
  async #clear(): Promise<void> {
    const { storage } = this.#parts;
    const { id } = this.#record;
    await storage.runtime.remove(this.#runtimeId);
    await unmountAround(join(storage.folderOf(id), 'propagated-mount'));
    await storage.snapshots.unmount(id);
    await rm(storage.socketFolderOf(id), { recursive: true, force: true });
  }
}

/** A mount of its own that is shared, so that what is mounted below it inside the plugin is seen here. */
function shareFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  if (!isMounted(path)) mount({ source: path, target: path, type: '', flags: mountFlags.bind });
  mount({ source: '', target: path, type: '', flags: mountFlags.shared | mountFlags.recursive });
  return path;
}

/** With what is mounted below it. */
async function unmountAround(path: string): Promise<void> {
  // Twice: once for the shared mount itself, and again should a crash have left one over another.
  for (let tries = 0; tries < 8 && existsSync(path) && isMounted(path); tries++) await unmount(path, { lazy: true });
}

async function tryConnect(path: string): Promise<string | undefined> {
  if (path.endsWith('/')) return undefined;
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(error.message));
  });
}

function ignoreEnded(error: unknown): void {
  if (!isWharfError(error, 'container.not-running')) throw error;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
