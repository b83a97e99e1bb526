import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWharfError, WharfError } from '../contract/errors.ts';
import type { OwnRegistrySettings, OwnRegistryStatus } from '../contract/host-schemas.ts';
import { readIfThere, writeAtomic } from '../machine/atomic-file.ts';
import { LogTail } from '../machine/log-tail.ts';
import { type OwnedProcess, startOwnedProcess } from '../machine/owned-process.ts';
import { isReachableFromOutside, registryArgs, registryRoot, serverSettings } from './registry-arguments.ts';

export interface OwnRegistryOptions {
  /** $WHARF_HOME. */
  readonly home: string;
  /** The registry server's program. */
  readonly bin: string;
  readonly settings: () => OwnRegistrySettings;
  readonly changed: (status: OwnRegistryStatus) => void;
}

const startLimitMs = 15_000;
const stopLimitMs = 10_000;
const userLimitMs = 20_000;

/**
 * Wharf's registry server as this app's own process: started and stopped on request, ended with the app.
 *
 *     stopped ──start──► starting ──it listens──► running ──stop──► stopping ──► stopped
 *                           └──────it ends, or takes too long──────┴──► failed
 *
 * It holds the other end of a pipe from here, so it ends with this process even when this is killed. Acts run one after
 * another. Users are a file it reads anew when that changes; but whether there are any is said at its start, so the first
 * user and the last one restart it.
 */
export class OwnRegistry implements AsyncDisposable {
  readonly #options: OwnRegistryOptions;
  readonly #log = new LogTail(500);
  readonly #usersFile: string;
  readonly #settingsFile: string;
  #status: OwnRegistryStatus = { kind: 'stopped' };
  #process: OwnedProcess | undefined;
  #acts: Promise<unknown> = Promise.resolve();
  /** The settings it was started with. */
  #told = '';

  constructor(options: OwnRegistryOptions) {
    this.#options = options;
    this.#usersFile = path.join(options.home, 'registry-server', 'users');
    this.#settingsFile = path.join(options.home, 'registry-server', 'settings.json');
  }

  get status(): OwnRegistryStatus {
    return this.#status;
  }

  /** Does nothing while it runs. @throws WharfError why it can not be started */
  start(): Promise<OwnRegistryStatus> {
    return this.#act(async () => {
      if (this.#status.kind !== 'running') await this.#start();
      return this.#status;
    });
  }

  stop(): Promise<OwnRegistryStatus> {
    return this.#act(async () => {
      await this.#stop();
      return this.#status;
    });
  }

  /** After a change of the settings: starts it again when it runs and was told something else. */
  settingsChanged(): Promise<void> {
    return this.#act(async () => {
      if (this.#status.kind === 'running' && this.#told !== toldBy(this.#options.settings())) await this.#startAgain();
    });
  }

  async users(): Promise<string[]> {
    const lines = ((await readIfThere(this.#usersFile)) ?? '').split('\n');
    return lines
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.slice(0, Math.max(0, line.indexOf(':'))))
      .sort();
  }

  /** @throws WharfError 'request.invalid' with what the registry's program says */
  addUser(name: string, password: string): Promise<string[]> {
    return this.#act(async () => {
      const first = (await this.users()).length === 0;
      await this.#userCommand(['user', 'add', '--htpasswd', this.#usersFile, name], `${password}\n`);
      if (first && this.#status.kind === 'running') await this.#startAgain();
      return await this.users();
    });
  }

  removeUser(name: string): Promise<string[]> {
    return this.#act(async () => {
      const last = (await this.users()).every((other) => other === name);
      if (last && isReachableFromOutside(this.#options.settings().listen)) throw needsUsers();
      await this.#userCommand(['user', 'rm', '--htpasswd', this.#usersFile, name]);
      if (last && this.#status.kind === 'running') await this.#startAgain();
      return await this.users();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #act<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#acts.then(work, work);
    this.#acts = next.catch(() => {});
    return next;
  }

  async #startAgain(): Promise<void> {
    await this.#stop();
    await this.#start();
  }

  async #start(): Promise<void> {
    const settings = this.#options.settings();
    const root = registryRoot(this.#options.home, settings);
    this.#told = toldBy(settings);
    this.#become({ kind: 'starting', sinceMs: Date.now(), limitMs: startLimitMs });
    try {
      const hasUsers = (await this.users()).length > 0;
      if (!hasUsers && isReachableFromOutside(settings.listen)) throw needsUsers();
      await mkdir(path.dirname(this.#settingsFile), { recursive: true, mode: 0o700 });
      await mkdir(root, { recursive: true, mode: 0o700 });
      await writeAtomic(this.#settingsFile, `${JSON.stringify(serverSettings(settings), null, 2)}\n`);
      const files = { settings: this.#settingsFile, users: hasUsers ? this.#usersFile : undefined };
      const url = await this.#listening(registryArgs(settings, root, files));
      this.#become({ kind: 'running', sinceMs: Date.now(), address: new URL(url).host, url, root });
    } catch (error) {
      await this.#process?.stop(stopLimitMs);
      this.#process = undefined;
      this.#fail(error);
      throw error;
    }
  }

  /** Waits until it says where it listens. */
  async #listening(args: readonly string[]): Promise<string> {
    const listening = Promise.withResolvers<string>();
    const onLine = (line: string): void => {
      const url = /^listening on (https?:\/\/\S+)$/.exec(line.trim())?.[1];
      if (url !== undefined) listening.resolve(url);
    };
    const limit = new AbortController();
    const program = { name: 'the registry', bin: this.#options.bin, args, lifeline: true, onLine };
    const started = await startOwnedProcess(program, this.#log, AbortSignal.timeout(startLimitMs));
    this.#process = started;
    const tooLong = sleep(startLimitMs, 'did not answer in time', { signal: limit.signal }).catch(() => '');
    const outcome = await Promise.race([
      listening.promise.then((url) => ({ url })),
      Promise.race([started.exited, tooLong]).then((why) => ({ why })),
    ]);
    limit.abort();
    if ('why' in outcome) {
      throw new WharfError('registry.failed', `The registry did not start: ${lastWords(this.#log) ?? outcome.why}`, {
        hint: 'Another program may hold the address. Choose another one, or look at the log.',
      });
    }
    void started.exited.then((how) => {
      if (this.#process !== started) return;
      this.#process = undefined;
      this.#fail(new WharfError('registry.failed', `The registry ended unexpectedly: ${how}`));
    });
    return outcome.url;
  }

  async #stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running !== undefined) {
      this.#become({ kind: 'stopping' });
      await running.stop(stopLimitMs);
    }
    if (this.#status.kind !== 'stopped') this.#become({ kind: 'stopped' });
  }

  async #userCommand(args: readonly string[], input = ''): Promise<void> {
    const log = new LogTail(20);
    const program = { name: 'wharf-registry', bin: this.#options.bin, args, input };
    const command = await startOwnedProcess(program, log, AbortSignal.timeout(userLimitMs));
    const how = await command.exited;
    if (how !== 'wharf-registry exited with code 0') throw new WharfError('request.invalid', lastWords(log) ?? how);
  }

  #fail(error: unknown): void {
    this.#become({
      kind: 'failed',
      sinceMs: Date.now(),
      message: error instanceof Error ? error.message : String(error),
      hint: isWharfError(error) ? (error.hint ?? '') : '',
      logTail: this.#log.last(50),
    });
  }

  #become(status: OwnRegistryStatus): void {
    this.#status = status;
    this.#options.changed(status);
  }
}

/** What the registry's program said when it gave up; a hint follows on a line of its own. */
function lastWords(log: LogTail): string | undefined {
  return log
    .last(20)
    .findLast((line) => line.startsWith('registry: '))
    ?.slice('registry: '.length);
}

/** All settings but the one that is about the app. */
function toldBy(settings: OwnRegistrySettings): string {
  return JSON.stringify({ ...settings, startWithApp: false });
}

function needsUsers(): WharfError {
  return new WharfError('request.conflict', 'A registry that other machines reach needs users', {
    hint: 'Add a user first, or let it listen on 127.0.0.1 only.',
  });
}
