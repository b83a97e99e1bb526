/** Lets a bounded number through at once; the others wait in order. */
export class Semaphore {
  readonly #max: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#taken >= this.#max;
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
        // The place is handed on, so the number taken stays.
        const next = this.#waiting.shift();
        if (next === undefined) this.#taken--;
        else next();
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
