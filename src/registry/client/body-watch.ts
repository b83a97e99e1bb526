/** Ends a download that stalls or drips, counting only the time spent waiting for the network. */
import type { IncomingMessage } from 'node:http';
import { timedOut } from './network-failure.ts';
import type { RegistryTimeouts } from './registry-timeouts.ts';

export class BodyWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #timeouts: RegistryTimeouts;
  #waitingSinceMs: number | undefined;
  #windowWaitedMs = 0;
  #windowBytes = 0;

  constructor(response: IncomingMessage, url: URL, timeouts: RegistryTimeouts) {
    this.#timeouts = timeouts;
    const everyMs = Math.max(5, Math.min(1000, timeouts.idleMs / 4, timeouts.slowWindowMs / 4));
    this.#timer = setInterval(() => {
      const doing = this.#trouble();
      if (doing !== undefined) response.destroy(timedOut('GET', url, doing));
    }, everyMs);
  }

  waiting(): void {
    this.#waitingSinceMs = performance.now();
  }

  received(bytes: number): void {
    if (this.#waitingSinceMs !== undefined) this.#windowWaitedMs += performance.now() - this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
    this.#windowBytes += bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #trouble(): string | undefined {
    const waitedMs = this.#waitingSinceMs === undefined ? 0 : performance.now() - this.#waitingSinceMs;
    if (waitedMs > this.#timeouts.idleMs) return 'waiting for more of the blob';
    if (this.#windowWaitedMs + waitedMs < this.#timeouts.slowWindowMs) return undefined;
    if (this.#windowBytes < this.#timeouts.slowMinBytes) return 'the blob arrives too slowly';
    this.#windowWaitedMs = -waitedMs;
    this.#windowBytes = 0;
    return undefined;
  }
}
