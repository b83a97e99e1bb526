/** Lets a bounded number through at once; the others wait in order. */
export class Semaphore {
  readonly #max: () => number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param max asked at each use: it may change */
  constructor(max: () => number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#taken >= this.#max();
  }

  /** Waits for a place; dispose the answer to give it back. Throws the signal's reason. */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.isFull) await this.#wait(signal);
    else this.#taken++;
    let given = false;
    return {
      [Symbol.dispose]: () => {
        if (given) return;
        given = true;
        this.#taken--;
        // More than one may enter when the bound has grown, none when it has shrunk.
        while (!this.isFull && this.#waiting.length > 0) {
          this.#taken++;
          this.#waiting.shift()?.();
        }
      },
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', cancel);
        resolve();
      };
      const cancel = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}
