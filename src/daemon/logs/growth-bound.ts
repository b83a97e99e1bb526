/**
 * Does something each time a file has grown by so much.
 *
 * A file that nobody writes to costs nothing: the kernel tells of the first write. From then on the size is looked at, the
 * sooner the faster it comes near the bound, until it stands still again.
 */
import { type FSWatcher, watch } from 'node:fs';

export interface GrowthBoundOptions {
  readonly path: string;
  readonly boundBytes: number;
  /** Bytes that count towards the bound. */
  readonly size: () => number;
  /** Is not called again before it has answered. */
  readonly onFull: (signal: AbortSignal) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

const soonestMs = 20;
const latestMs = 1000;
/** Looks without a change after which we wait for the kernel's word again. */
const quietLooks = 3;

/** The answer ends it: nothing of it is under way when that has answered. */
export function boundGrowth(options: GrowthBoundOptions): () => Promise<void> {
  const bound = new GrowthBound(options);
  bound.lookIn(soonestMs);
  return () => bound.stop();
}

class GrowthBound {
  readonly #o: GrowthBoundOptions;
  readonly #stopping = new AbortController();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #last = { size: 0, atMs: performance.now() };
  #looks = 0;

  constructor(options: GrowthBoundOptions) {
    this.#o = options;
  }

  lookIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#stopping.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#work = this.#look().catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#o.onFailure(error);
        this.lookIn(latestMs);
      });
    }, ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const size = this.#o.size();
    if (size >= this.#o.boundBytes) {
      await this.#o.onFull(this.#stopping.signal);
      this.#looks = 0;
      this.#note(this.#o.size());
      // What could not be done yet is not asked for as fast as we can.
      return this.lookIn(this.#last.size >= this.#o.boundBytes ? latestMs / 4 : soonestMs);
    }
    const bytesPerMs = Math.max(0, size - this.#last.size) / Math.max(1, performance.now() - this.#last.atMs);
    this.#looks = size === this.#last.size ? this.#looks + 1 : 0;
    this.#note(size);
    if (this.#looks >= quietLooks) return this.#waitForWrite();
    const untilFullMs = bytesPerMs === 0 ? latestMs : (this.#o.boundBytes - size) / bytesPerMs;
    this.lookIn(Math.min(latestMs, Math.max(soonestMs, untilFullMs / 2)));
  }

  #note(size: number): void {
    this.#last = { size, atMs: performance.now() };
  }

  #waitForWrite(): void {
    if (this.#stopping.signal.aborted) return;
    const wake = () => {
      this.#unwatch();
      this.#looks = 0;
      this.lookIn(soonestMs);
    };
    try {
      this.#watcher = watch(this.#o.path, { persistent: false }, wake);
      this.#watcher.on('error', wake);
      // What came before the watch stood.
      if (this.#o.size() !== this.#last.size) wake();
    } catch {
      // No file yet, or no watch to be had from the kernel.
      this.lookIn(latestMs);
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    this.#unwatch();
    await this.#work;
  }
}
