/**
 * Lets the registry serve while garbage is collected.
 *
 *     push ──noteUse(blob)──▶ [shared: link, commit, manifest] ──▶ answered
 *     collection: mark ──▶ [exclusive: a few blobs, links first] ──▶ [exclusive: ...]
 *
 * 1. What makes content referenced runs under `change`; what removes bytes runs under `remove`. Never both at once.
 * 2. Whoever was told that a blob is here (a push, a mount, a HEAD that said yes) notes its use; what was used since a
 *    collection began, or within its grace, is not removed by it. So a client may rely on the answer it got.
 * 3. A removal holds the door for a few blobs at a time, so a push waits milliseconds, not for a whole sweep.
 */
import type { Digest } from '../../../oci/digest.ts';

const maxRemembered = 100_000;

export class ContentGuard {
  /** In the order of use, oldest first. */
  readonly #usedAtMs = new Map<Digest, number>();
  readonly #now: () => number;
  /** Uses before this time may be forgotten: then everything counts as used until then. */
  #forgottenUntilMs = 0;
  #changing = 0;
  #removing = false;
  readonly #waiting: (() => void)[] = [];

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  noteUse(digest: Digest): void {
    this.#usedAtMs.delete(digest);
    this.#usedAtMs.set(digest, this.#now());
    if (this.#usedAtMs.size <= maxRemembered) return;
    const oldest = this.#usedAtMs.entries().next();
    if (oldest.done) return;
    const [forgotten, atMs] = oldest.value;
    this.#usedAtMs.delete(forgotten);
    this.#forgottenUntilMs = atMs;
  }

  /** Whether it was, or may have been, used at `sinceMs` or later. */
  usedSince(digest: Digest, sinceMs: number): boolean {
    return (this.#usedAtMs.get(digest) ?? this.#forgottenUntilMs) >= sinceMs;
  }

  /** Changes what refers to content; many may at once. */
  async change<T>(act: () => Promise<T>): Promise<T> {
    while (this.#removing) await this.#turn();
    this.#changing++;
    try {
      return await act();
    } finally {
      this.#changing--;
      this.#wake();
    }
  }

  /** Removes content, alone. */
  async remove<T>(act: () => Promise<T>): Promise<T> {
    while (this.#removing) await this.#turn();
    // From here on new changes wait, so a removal is not put off for ever.
    this.#removing = true;
    try {
      while (this.#changing > 0) await this.#turn();
      return await act();
    } finally {
      this.#removing = false;
      this.#wake();
    }
  }

  async #turn(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
