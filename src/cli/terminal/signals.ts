/**
 * Signals sent to this process. Until somebody captures them, INT, TERM and HUP abort the command; `run`, `attach` and
 * `start -a` capture all and pass them to the container.
 */
export interface SignalSource {
  /** Hands every signal to `listener` until the returned function is called. */
  capture(listener: (name: string) => void): () => void;
}

const ending = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type EndingSignal = keyof typeof ending;

/** What `docker run` forwards, as far as Node can hear it. CHLD, PIPE and URG are the process's own affair. */
export const forwardedSignals = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGIO',
] as const;

/** INT and TERM passed to a container before this process leaves it alone. */
const passedOnMax = 3;

/** Why a command was aborted. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly exitCode: number;
  constructor(exitCode: number) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/** The real signals. The second of a kind while an abort is under way ends the process at once. */
export class ProcessSignals implements SignalSource {
  readonly #controller = new AbortController();
  #capturing: ((name: string) => void) | undefined;
  #passedOn = 0;

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => this.#receive(name));
  }

  /** Aborts with an InterruptedError as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  capture(listener: (name: string) => void): () => void {
    this.#capturing = listener;
    const own = forwardedSignals.filter((name) => !Object.hasOwn(ending, name));
    const handlers = own.map((name) => ({ name, handler: () => listener(name) }));
    for (const { name, handler } of handlers) process.on(name, handler);
    return () => {
      for (const { name, handler } of handlers) process.off(name, handler);
      if (this.#capturing === listener) this.#capturing = undefined;
    };
  }

  #receive(name: EndingSignal): void {
    if (this.#capturing !== undefined) {
      // As docker: a container that ignores them must not hold this process for ever.
      if (name !== 'SIGHUP') this.#passedOn += 1;
      if (this.#passedOn >= passedOnMax) {
        process.stderr.write(`got ${passedOnMax} SIGTERM/SIGINTs, forcefully exiting\n`);
        process.exit(1);
      }
      this.#capturing(name);
    } else if (this.#controller.signal.aborted) process.exit(ending[name]);
    else this.#controller.abort(new InterruptedError(ending[name]));
  }
}
