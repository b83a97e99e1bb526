/** Bounds how many requests a second one client address may send, with a burst of two seconds' worth. */
import { RegistryError } from './registry-error.ts';

const maxClients = 10_000;

export class RequestRate {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** @throws RegistryError 'TOOMANYREQUESTS' with Retry-After */
  take(client: string, nowMs = performance.now()): void {
    const most = Math.max(1, this.#perSecond * 2);
    const bucket = this.#buckets.get(client) ?? { tokens: most, atMs: nowMs };
    bucket.tokens = Math.min(most, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size > maxClients && !oldest.done) this.#buckets.delete(oldest.value);
    if (bucket.tokens < 1) {
      const waitSeconds = Math.ceil((1 - bucket.tokens) / this.#perSecond);
      throw new RegistryError('TOOMANYREQUESTS', { headers: { 'retry-after': String(waitSeconds) } });
    }
    bucket.tokens--;
  }
}
