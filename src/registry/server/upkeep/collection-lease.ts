/**
 * Collecting garbage on a storage that several servers share. In memory they know nothing of each other, so they agree by one
 * small file, which only the holder of its newest version may write:
 *
 *     { holder, untilMs, digests }      who collects, how long that counts, and what is about to go
 *
 *     collector   take ─▶ mark ─▶ condemn(digests) ── noticeMs ──▶ mark again ─▶ remove what is still unused ─▶ release
 *     any server        reads the file at least every `freshMs` (condemned-blobs.ts):
 *                       a condemned blob "is not here"; who brings it waits until the collection is over
 *
 * 1. One collector at a time; a lease that ran out may be taken over.
 * 2. `noticeMs` is longer than `freshMs` and what a request needs from its check to its write. So when the second marks begin,
 *    every server has known of the list, and what got in before shows in them. Nothing can get in after.
 * 3. A collector that can not prove that it still holds the lease stops.
 * 4. Servers' clocks may differ by some seconds; a lease's times are minutes.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Digest, isDigest } from '../../../oci/digest.ts';
import { isJsonObject } from '../../../oci/json-fields.ts';
import type { SharedStorage } from '../storage/storage-driver.ts';
import { collectionLeasePath } from '../storage/storage-paths.ts';

export interface LeaseTimes {
  readonly leaseMs: number;
  /** From telling what is condemned to removing it. */
  readonly noticeMs: number;
}

export interface CollectionState {
  readonly holder: string;
  readonly untilMs: number;
  readonly digests: ReadonlySet<Digest>;
}

const defaultTimes: LeaseTimes = { leaseMs: 10 * 60_000, noticeMs: 60_000 };
/** More than these wait for the next collection: the file is read often. */
const maxCondemned = 10_000;

export class CollectionLease {
  readonly #shared: SharedStorage;
  readonly #holder: string;
  readonly #times: LeaseTimes;
  readonly #signal: AbortSignal | undefined;
  #version: string;
  #untilMs: number;
  #digests: readonly Digest[] = [];

  private constructor(
    shared: SharedStorage,
    taken: { holder: string; version: string; untilMs: number },
    times: LeaseTimes,
    signal: AbortSignal | undefined,
  ) {
    this.#shared = shared;
    this.#holder = taken.holder;
    this.#version = taken.version;
    this.#untilMs = taken.untilMs;
    this.#times = times;
    this.#signal = signal;
  }

  /** Undefined while another server collects. */
  static async take(
    shared: SharedStorage,
    signal?: AbortSignal,
    times: LeaseTimes = defaultTimes,
  ): Promise<CollectionLease | undefined> {
    const found = await shared.readShared(collectionLeasePath);
    if (found !== undefined && (parseCollectionState(found.bytes)?.untilMs ?? 0) > Date.now()) return undefined;
    const holder = randomUUID();
    const untilMs = Date.now() + times.leaseMs;
    const version = await shared.writeShared(
      collectionLeasePath,
      stateBytes({ holder, untilMs, digests: [] }),
      found?.version,
    );
    return version === undefined ? undefined : new CollectionLease(shared, { holder, version, untilMs }, times, signal);
  }

  /** Tells all servers what is about to go, and waits until they know. Answers how much of it this collection takes. */
  async condemn(digests: readonly Digest[]): Promise<readonly Digest[]> {
    this.#digests = digests.slice(0, maxCondemned);
    await this.#write();
    await pause(this.#times.noticeMs, undefined, this.#signal === undefined ? {} : { signal: this.#signal });
    return this.#digests;
  }

  /** Before each step that removes. @throws Error when the lease is lost, or the server ends */
  async hold(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (Date.now() > this.#untilMs - this.#times.leaseMs / 2) await this.#write();
  }

  async release(): Promise<void> {
    await this.#shared.writeShared(
      collectionLeasePath,
      stateBytes({ holder: this.#holder, untilMs: 0, digests: [] }),
      this.#version,
    );
  }

  async #write(): Promise<void> {
    const untilMs = Date.now() + this.#times.leaseMs;
    const bytes = stateBytes({ holder: this.#holder, untilMs, digests: this.#digests });
    const version = await this.#shared.writeShared(collectionLeasePath, bytes, this.#version);
    if (version === undefined) throw new Error('another server took over the collection of garbage');
    this.#version = version;
    this.#untilMs = untilMs;
  }
}

function stateBytes(state: { holder: string; untilMs: number; digests: readonly Digest[] }): Buffer {
  return Buffer.from(JSON.stringify(state));
}

/** Undefined for what is no such file. */
export function parseCollectionState(bytes: Buffer): CollectionState | undefined {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isJsonObject(json)) return undefined;
  const { holder, untilMs, digests } = json;
  if (typeof holder !== 'string' || typeof untilMs !== 'number' || !Array.isArray(digests)) return undefined;
  const texts: readonly unknown[] = digests;
  const known = texts.filter((text): text is Digest => typeof text === 'string' && isDigest(text));
  return { holder, untilMs, digests: new Set(known) };
}
