import { setTimeout as sleep } from 'node:timers/promises';
import { isWharfError } from '../contract/errors.ts';
import type { EngineStatus } from '../contract/host-schemas.ts';
import type { EngineDriver, OwnedDaemon } from './engine-driver.ts';
import type { EngineEndpoint } from './engine-endpoint.ts';
import { formatEngineHost } from './engine-endpoint.ts';
import { pingEngine } from './engine-ping.ts';
import { LogTail } from './log-tail.ts';

/**
 * Keeps one engine reachable and says at any moment which phase it is in.
 *
 *   checking ──healthy──────────────────────────────────────────► ready ──gone──► checking
 *      └──nothing there──► starting-daemon ──► waiting-for-api ─────┘
 *            any of these past its limit ──► failed ──(back-off, at most maxRetries times)──► checking
 *                                              └──(no retry left)── waits for repair()
 *
 * Invariants: every waiting phase has a limit; only a daemon this supervisor started is ever stopped by it (repair() may
 * end a hanging one whose process id is certain); one run loop at a time.
 */
export interface EngineSupervisor extends AsyncDisposable {
  readonly status: EngineStatus;
  /** Calls at once with the present status, then at each change. @returns a function that ends it */
  onStatus(listener: (status: EngineStatus) => void): () => void;
  start(): void;
  repair(): Promise<void>;
  restart(): Promise<void>;
  logs(lines: number): string[];
  /** Resolves when ready; rejects when it failed with no retry left, or on abort. */
  whenReady(signal: AbortSignal): Promise<void>;
  /** Ends supervision, and the daemon when this supervisor started it. */
  stop(): Promise<void>;
}

export interface SupervisorLimits {
  readonly checkMs: number;
  readonly startMs: number;
  readonly apiMs: number;
  readonly healthEveryMs: number;
  readonly stopMs: number;
  readonly maxRetries: number;
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
}

export const defaultLimits: SupervisorLimits = {
  checkMs: 3000,
  startMs: 5000,
  apiMs: 20_000,
  healthEveryMs: 10_000,
  stopMs: 15_000,
  maxRetries: 5,
  firstRetryMs: 1000,
  maxRetryMs: 30_000,
};

export interface SupervisorOptions {
  readonly endpoint: EngineEndpoint;
  /** Absent: attach only (a remote engine, or one somebody else looks after). */
  readonly driver?: EngineDriver;
  readonly limits?: Partial<SupervisorLimits>;
  readonly now?: () => number;
}

type FailedPhase = { phase: string; code: string; message: string; hint: string };

export function createEngineSupervisor(options: SupervisorOptions): EngineSupervisor {
  return new Supervisor(options);
}

class PhaseError extends Error {
  readonly failure: FailedPhase;
  constructor(failure: FailedPhase) {
    super(failure.message);
    this.failure = failure;
  }
}

class Supervisor implements EngineSupervisor {
  readonly #options: SupervisorOptions;
  readonly #limits: SupervisorLimits;
  readonly #now: () => number;
  readonly #log = new LogTail(2000);
  readonly #listeners = new Set<(status: EngineStatus) => void>();
  #status: EngineStatus;
  #daemon: OwnedDaemon | undefined;
  #run: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  /** Acts (repair, restart, stop) run one after another. */
  #acts: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#now = options.now ?? Date.now;
    this.#status = { kind: 'stopped', sinceMs: this.#now() };
  }

  get status(): EngineStatus {
    return this.#status;
  }

  onStatus(listener: (status: EngineStatus) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#status);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    if (this.#run !== undefined) return;
    const abort = new AbortController();
    this.#run = { abort, done: this.#loop(abort.signal).catch((error) => this.#crashed(error, abort.signal)) };
  }

  repair(): Promise<void> {
    return this.#act(async () => {
      await this.#halt();
      await this.#options.driver?.clearStale(this.#log);
      this.start();
    });
  }

  restart(): Promise<void> {
    return this.#act(async () => {
      await this.#halt();
      this.start();
    });
  }

  stop(): Promise<void> {
    return this.#act(async () => {
      await this.#halt();
      this.#set({ kind: 'stopped', sinceMs: this.#now() });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  logs(lines: number): string[] {
    return this.#log.last(lines);
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const aborted = () => reject(signal.reason);
    signal.addEventListener('abort', aborted, { once: true });
    const off = this.onStatus((status) => {
      if (status.kind === 'ready') resolve();
      if (status.kind === 'failed' && status.retryAtMs === null) reject(new Error(status.message));
    });
    try {
      await promise;
    } finally {
      off();
      signal.removeEventListener('abort', aborted);
    }
  }

  #act(work: () => Promise<void>): Promise<void> {
    const next = this.#acts.then(work, work);
    this.#acts = next.catch(() => {});
    return next;
  }

  async #halt(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    run?.abort.abort();
    await run?.done;
    await this.#stopDaemon();
  }

  async #stopDaemon(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    await daemon?.stop(this.#limits.stopMs);
  }

  async #loop(signal: AbortSignal): Promise<void> {
    let retries = 0;
    while (!signal.aborted) {
      try {
        const reached = await this.#bringUp(signal);
        retries = 0;
        this.#set({ kind: 'ready', sinceMs: this.#now(), ownsDaemon: this.#daemon !== undefined, version: reached });
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#stopDaemon();
        const waitMs = Math.min(this.#limits.firstRetryMs * 2 ** retries, this.#limits.maxRetryMs);
        retries += 1;
        const again = retries <= this.#limits.maxRetries && !isWharfError(error, 'host.unsupported');
        this.#fail(error, again ? this.#now() + waitMs : null);
        if (!again) return;
        await sleep(waitMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** @returns the engine's version when it said one */
  async #bringUp(signal: AbortSignal): Promise<string | null> {
    this.#waiting('checking', this.#limits.checkMs);
    const found = await pingEngine(this.#options.endpoint, this.#limits.checkMs, signal);
    if (found.kind === 'healthy') return found.version;
    const driver = this.#options.driver;
    if (found.kind === 'wrong' || driver === undefined)
      throw new PhaseError(this.#unreachable('checking', found.reason));

    this.#waiting('starting-daemon', this.#limits.startMs);
    const startLimit = AbortSignal.timeout(this.#limits.startMs);
    this.#daemon = await driver.start(this.#log, AbortSignal.any([signal, startLimit]));
    this.#waiting('waiting-for-api', this.#limits.apiMs);
    return await this.#waitForApi(this.#daemon, signal);
  }

  async #waitForApi(daemon: OwnedDaemon, signal: AbortSignal): Promise<string | null> {
    const until = performance.now() + this.#limits.apiMs;
    const gone = daemon.exited.then((how) => ({ kind: 'gone' as const, how }));
    let reason = 'nothing listens yet';
    while (performance.now() < until) {
      const limitMs = Math.ceil(Math.max(50, Math.min(2000, until - performance.now())));
      const seen = await Promise.race([gone, pingEngine(this.#options.endpoint, limitMs, signal)]);
      if (seen.kind === 'gone') {
        this.#daemon = undefined;
        throw new PhaseError({
          phase: 'waiting-for-api',
          code: 'daemon.unreachable',
          message: `The engine stopped before it was ready: ${seen.how}`,
          hint: 'The last lines of its log say why. wharfd needs root rights.',
        });
      }
      if (seen.kind === 'healthy') return seen.version;
      reason = seen.reason;
      await Promise.race([gone, sleep(25, undefined, { signal })]);
    }
    throw new PhaseError({
      phase: 'waiting-for-api',
      code: 'daemon.unreachable',
      message: `The engine started but its API did not answer within ${Math.round(this.#limits.apiMs / 1000)} s: ${reason}`,
      hint: 'Look at the last lines of its log, then try Repair.',
    });
  }

  /** Returns when the engine is no longer healthy. */
  async #watch(signal: AbortSignal): Promise<void> {
    const daemon = this.#daemon;
    const gone = daemon?.exited.then(() => true) ?? new Promise<boolean>(() => {});
    let misses = 0;
    while (!signal.aborted) {
      const rest = new AbortController();
      const pause = sleep(this.#limits.healthEveryMs, false, { signal: AbortSignal.any([signal, rest.signal]) });
      const exited = await Promise.race([gone, pause.catch(() => false)]);
      rest.abort();
      signal.throwIfAborted();
      if (exited) {
        this.#daemon = undefined;
        throw new PhaseError({
          phase: 'ready',
          code: 'daemon.unreachable',
          message: `The engine stopped unexpectedly: ${await daemon?.exited}`,
          hint: 'Containers keep running. Wharf starts the engine again by itself.',
        });
      }
      const seen = await pingEngine(this.#options.endpoint, this.#limits.checkMs, signal);
      if (seen.kind === 'healthy') misses = 0;
      else if (seen.kind === 'absent' && daemon === undefined) return;
      else if (++misses >= 3) throw new PhaseError(this.#unreachable('ready', seen.reason));
    }
  }

  #unreachable(phase: string, reason: string): FailedPhase {
    const place = formatEngineHost(this.#options.endpoint);
    const hint =
      this.#options.driver === undefined
        ? 'Check that the engine runs there and that this user may reach it.'
        : 'Try Repair: it ends an engine that hangs and starts a new one. Containers keep running.';
    return { phase, code: 'daemon.unreachable', message: `No engine answers at ${place}: ${reason}`, hint };
  }

  #fail(error: unknown, retryAtMs: number | null): void {
    const known = error instanceof PhaseError ? error.failure : undefined;
    const phase = known?.phase ?? this.#status.kind;
    const message = error instanceof Error ? error.message : String(error);
    const code = known?.code ?? (isWharfError(error) ? error.code : 'internal');
    const hint = known?.hint ?? (isWharfError(error) ? (error.hint ?? '') : 'Look at the log, then try Repair.');
    const logTail = this.#log.last(50);
    this.#set({ kind: 'failed', sinceMs: this.#now(), phase, code, message, hint, logTail, retryAtMs });
  }

  #crashed(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted) this.#fail(error, null);
  }

  #waiting(kind: 'checking' | 'starting-daemon' | 'waiting-for-api', limitMs: number): void {
    this.#set({ kind, sinceMs: this.#now(), limitMs });
  }

  #set(status: EngineStatus): void {
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
