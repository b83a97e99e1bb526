/** Which blobs a collection, of whichever server on this storage, is about to remove. See collection-lease.ts. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Digest } from '../../../oci/digest.ts';
import { RegistryError } from '../http/registry-error.ts';
import type { SharedStorage } from '../storage/storage-driver.ts';
import { collectionLeasePath } from '../storage/storage-paths.ts';
import { type CollectionState, parseCollectionState } from './collection-lease.ts';

export interface CondemnedTimes {
  /** How old the known list may be. */
  readonly freshMs: number;
  /** How long a push waits for a collection to end. */
  readonly waitMs: number;
}

const defaultTimes: CondemnedTimes = { freshMs: 15_000, waitMs: 90_000 };
const nobody: CollectionState = { holder: '', untilMs: 0, digests: new Set() };

export class CondemnedBlobs {
  readonly #shared: SharedStorage;
  readonly #times: CondemnedTimes;
  /** Asked for at `atMs`, so it may miss what was written later. */
  #known: { readonly atMs: number; readonly state: Promise<CollectionState> } | undefined;

  constructor(shared: SharedStorage, times: CondemnedTimes = defaultTimes) {
    this.#shared = shared;
    this.#times = times;
  }

  async has(digest: Digest): Promise<boolean> {
    const state = await this.#state(this.#times.freshMs);
    return state.digests.has(digest) && state.untilMs > Date.now();
  }

  /** Before content is brought, or linked to. @throws RegistryError 'TOOMANYREQUESTS' with status 503 when it takes too long */
  async untilFree(digest: Digest): Promise<void> {
    if (!(await this.has(digest))) return;
    const stepMs = Math.min(1_000, Math.max(1, this.#times.freshMs));
    for (const endMs = Date.now() + this.#times.waitMs; Date.now() < endMs; ) {
      await pause(stepMs);
      const state = await this.#state(stepMs);
      if (!state.digests.has(digest) || state.untilMs <= Date.now()) return;
    }
    throw new RegistryError('TOOMANYREQUESTS', {
      status: 503,
      message: 'a collection of garbage is about to remove this very blob; try again in a minute',
      headers: { 'retry-after': '60' },
    });
  }

  async #state(maxAgeMs: number): Promise<CollectionState> {
    const atMs = Date.now();
    if (this.#known === undefined || atMs - this.#known.atMs > maxAgeMs) {
      const state = this.#read();
      this.#known = { atMs, state };
      // A failed look is no knowledge: who asks next looks again.
      state.catch(() => {
        if (this.#known?.state === state) this.#known = undefined;
      });
    }
    return await this.#known.state;
  }

  async #read(): Promise<CollectionState> {
    const found = await this.#shared.readShared(collectionLeasePath);
    return (found && parseCollectionState(found.bytes)) ?? nobody;
  }
}
