/** The two ends of credit-based flow that both sides of the frame relay use (contract/engine-frames.ts). */

/** Credit is given back in portions of this many bytes, far below the initial credit, so the sender never runs dry. */
const portionBytes = 128 * 1024;

/** Bytes that may still be sent; `take` waits for more. */
export class SendCredit {
  #left: number;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(initial: number) {
    this.#left = initial;
  }

  add(bytes: number): void {
    this.#left += bytes;
    this.#wake();
  }

  /** Returns at once when closed, too; the caller looks whether its stream still lives. */
  async take(bytes: number): Promise<void> {
    while (this.#left < bytes && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#left -= bytes;
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export interface FrameInboxOptions {
  /** The consumer took this many bytes: give the sender credit for them. */
  readonly taken: (bytes: number) => void;
  readonly cancelled: () => void;
}

/** What has arrived, as a stream its consumer pulls from; reports what was taken in portions. */
export class FrameInbox {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #options: FrameInboxOptions;
  readonly #chunks: Uint8Array[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waitingBytes = 0;
  #unreported = 0;
  #pulled: (() => void) | undefined;
  #ending = false;
  #over = false;

  constructor(options: FrameInboxOptions) {
    this.#options = options;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => {
          this.#over = true;
          this.#chunks.length = 0;
          options.cancelled();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Bytes that arrived and were not taken yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  push(bytes: Uint8Array): void {
    if (this.#over || this.#ending) return;
    this.#chunks.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#deliver();
  }

  end(): void {
    this.#ending = true;
    this.#deliver();
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#chunks.length = 0;
    this.#controller?.error(error);
    this.#release();
  }

  #pull(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pulled = resolve;
    this.#deliver();
    return promise;
  }

  #deliver(): void {
    if (this.#over) return;
    if (this.#pulled !== undefined) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#controller?.enqueue(chunk);
        this.#waitingBytes -= chunk.length;
        this.#unreported += chunk.length;
        this.#release();
      }
    }
    if (this.#ending && this.#chunks.length === 0) {
      this.#over = true;
      this.#controller?.close();
      this.#release();
      return;
    }
    if (this.#unreported >= portionBytes) {
      this.#options.taken(this.#unreported);
      this.#unreported = 0;
    }
  }

  #release(): void {
    const resolve = this.#pulled;
    this.#pulled = undefined;
    resolve?.();
  }
}
