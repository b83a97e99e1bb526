/**
 * Learning of exits. conmon renames the exit code into one folder for all containers, so one watch serves them all; the
 * folder is looked at again after the watch stands, so no exit falls between. Nothing polls: a look once a second happens
 * only while somebody waits, as a net for a file system whose watch stays silent.
 */
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';

export interface RecordedExit {
  readonly exitCode: number;
  /** The exit file's mtime: when conmon wrote it, whether or not a daemon ran. */
  readonly finishedAtMs: number;
}

const safetyNetMs = 1000;

export class ExitMonitor implements Disposable {
  readonly #folder: string;
  readonly #waiters = new Map<string, Set<() => void>>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The exit on disk, or undefined while there is none. */
  recorded(id: string): RecordedExit | undefined {
    try {
      const path = `${this.#folder}/${id}`;
      const exitCode = Number.parseInt(readFileSync(path, 'utf8'), 10);
      // A runtime that could not tell writes -1; the range of the API is 0..255.
      return { exitCode: exitCode >= 0 && exitCode <= 255 ? exitCode : 255, finishedAtMs: statSync(path).mtimeMs };
    } catch {
      return undefined;
    }
  }

  /** Calls `listener` when the exit file may have come; it looks itself. The answer ends the interest. */
  onChange(id: string, listener: () => void): () => void {
    const listeners = this.#waiters.get(id) ?? new Set();
    this.#waiters.set(id, listeners);
    listeners.add(listener);
    this.#start();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#waiters.get(id) === listeners) this.#waiters.delete(id);
      if (this.#waiters.size === 0) this[Symbol.dispose]();
    };
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#look(), safetyNetMs);
    this.#watcher = watch(this.#folder, (_, name) => {
      if (name === null) this.#look();
      else this.#notify(name);
    });
    this.#watcher.on('error', () => this.#watcher?.close());
  }

  #look(): void {
    for (const name of readdirSync(this.#folder)) this.#notify(name);
  }

  #notify(id: string): void {
    for (const listener of [...(this.#waiters.get(id) ?? [])]) listener();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
