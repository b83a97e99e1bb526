/**
 * Collection by reachability, tried with random sequences: pulls (some cancelled), tags, removals,
 * containers, archives that are being read, commits, collections and crashes. A model knows what must be there.
 *
 *     always         what an image, a container or an archive that is being read needs is there and is what it was
 *     when all rest  after a collection nothing else is there
 *
 * A failure names its seed; with it the same sequence comes again.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { isWharfError } from '../../contract/errors.ts';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { ImageDatabase } from './image-database.ts';
import { digestOf, type FixtureImage } from './image-fixture.ts';
import { ImageWorld, signal } from './image-test-world.ts';

const seeds = process.env.WHARF_TEST_SEEDS?.split(',').map(Number) ?? [1, 2, 3, 4, 5];
const stepsEach = 200;
const tars = Array.from({ length: 6 }, (_, at) => tarOf([{ name: `f${at}`, content: `${at}`.repeat(3000) }]));
const names = ['a:1', 'a:2', 'b:1', 'c:1'];

/** Numbers from 0 to below 1, the same for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Walk {
  readonly #world: ImageWorld;
  readonly #random: () => number;
  readonly #containers = new Map<string, { readonly imageId: string; readonly top: string | undefined }>();
  #underWay: { readonly work: Promise<unknown>; readonly stop: AbortController }[] = [];
  #saving: Readable[] = [];
  #count = 0;
  readonly said: string[] = [];

  constructor(world: ImageWorld, seed: number) {
    this.#world = world;
    this.#random = randomOf(seed);
    for (const name of names) this.#publish(name);
    // Many pieces, so that pulls are under way for a while.
    world.registry.pieceBytes = 700;
  }

  async step(): Promise<void> {
    const [name, work] = this.#pick([
      ['publish', () => this.#publish(this.#pick(names))],
      ['pull', () => this.#pull()],
      ['pull', () => this.#pull()],
      ['pull', () => this.#pull()],
      ['cancel', () => this.#pick(this.#underWay, undefined)?.stop.abort()],
      ['wait', () => this.#rest()],
      ['tag', () => this.#tag()],
      ['remove', () => this.#remove()],
      ['remove', () => this.#remove()],
      ['container', () => this.#create()],
      ['no container', () => this.#removeContainer()],
      ['commit', () => this.#commit()],
      ['save', () => this.#save()],
      ['saved', () => this.#readArchive()],
      ['prune', () => this.#world.images.prune(new Map([['dangling', ['false']]]))],
      ['crash', () => this.#crash()],
    ]);
    this.said.push(name);
    await work();
    await this.check();
  }

  /** Everything under way comes to its end; then what is there must be exactly what is needed. */
  async settle(): Promise<void> {
    await this.#rest();
    while (this.#saving.length > 0) await this.#readArchive();
    await this.#world.images.reconcile({ signal });
    await this.check();
    const { blobs, chains } = this.#needed();
    const on = (folder: string) => readdirSync(join(this.#world.root, folder)).sort();
    expect(on('content/blobs/sha256')).toEqual([...blobs].map((digest) => digest.slice(7)).sort());
    expect(on('snapshots/layers')).toEqual([...chains].map((chain) => chain.slice(7)).sort());
    expect(on('content/ingest')).toEqual([]);
    expect(on('snapshots/incoming')).toEqual([]);
  }

  /** What is needed is there, whatever goes on. */
  async check(): Promise<void> {
    const { blobs, chains } = this.#needed();
    for (const digest of blobs) {
      const bytes = readFileSync(join(this.#world.root, 'content/blobs/sha256', digest.slice(7)));
      expect(digestOf(bytes)).toBe(digest);
    }
    for (const chain of chains) expect(this.#world.snapshots.hasLayer(chain), chain).toBe(true);
  }

  /** Read from the database as the next daemon would, not from what this one remembers. */
  #needed(): { readonly blobs: ReadonlySet<string>; readonly chains: ReadonlySet<string> } {
    const blobs = new Set<string>();
    const chains = new Set<string>();
    const stored = new ImageDatabase(this.#world.db);
    for (const digest of stored.namedDigests()) blobs.add(digest);
    for (const image of stored.all()) {
      blobs.add(image.id).add(image.manifest.digest);
      for (const { blob, chainId } of image.layers) {
        blobs.add(blob.digest);
        chains.add(chainId);
      }
    }
    const below = this.#world.snapshots.chainsInUse();
    for (const { top } of this.#containers.values()) if (top !== undefined) expect(below).toContain(top);
    for (const chain of below) chains.add(chain);
    return { blobs, chains };
  }

  #pick<T>(from: readonly T[]): T;
  #pick<T>(from: readonly T[], otherwise: undefined): T | undefined;
  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)];
  }

  #publish(name: string): void {
    const depth = 1 + Math.floor(this.#random() * 4);
    const layers = Array.from({ length: depth }, () => ({
      tar: this.#pick(tars),
      packing: this.#pick(['gzip', 'zstd', 'none'] as const),
    }));
    const image: FixtureImage = { layers, config: { Labels: { n: String(this.#pick([1, 2])) } } };
    this.#world.registry.add(name, image);
  }

  #pull(): void {
    const stop = new AbortController();
    const work = this.#world.pull(this.#pick(names), { signal: stop.signal }).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    work.catch(() => undefined);
    this.#underWay.push({ work, stop });
  }

  async #rest(): Promise<void> {
    const works = this.#underWay.splice(0);
    await Promise.all(works.map(({ work }) => work));
  }

  #someImage(): string | undefined {
    return this.#pick(new ImageDatabase(this.#world.db).all(), undefined)?.id;
  }

  async #tag(): Promise<void> {
    const id = this.#someImage();
    if (id !== undefined) await this.#world.images.tag(id, `t${Math.floor(this.#random() * 4)}:x`);
  }

  async #remove(): Promise<void> {
    const name = this.#pick([...names, 't0:x', 't1:x', this.#someImage() ?? 't2:x']);
    await refusable(this.#world.images.remove(name, { force: this.#random() < 0.5, noPrune: false }));
  }

  async #create(): Promise<void> {
    const id = this.#someImage();
    if (id === undefined) return;
    const top = this.#world.images.get(id).topLayer;
    const containerId = `c${this.#count++}`;
    this.#world.users.push({ imageId: id, containerId, running: false });
    await this.#world.snapshots.prepare(containerId, top);
    this.#containers.set(containerId, { imageId: id, top });
  }

  async #removeContainer(): Promise<void> {
    const [key] = this.#pick([...this.#containers], undefined) ?? [];
    if (key === undefined) return;
    this.#containers.delete(key);
    this.#world.users = this.#world.users.filter(({ containerId }) => containerId !== key);
    await this.#world.snapshots.remove(key);
  }

  async #commit(): Promise<void> {
    const [snapshotKey, container] = this.#pick([...this.#containers], undefined) ?? [];
    if (snapshotKey === undefined || container === undefined) return;
    const reference = this.#pick([undefined, 't3:x']);
    const request = { snapshotKey, reference, config: {}, author: '', comment: `${this.#count++}`, signal };
    await refusable(this.#world.images.commit({ ...request, baseImageId: container.imageId }));
  }

  async #save(): Promise<void> {
    const id = this.#someImage();
    if (id === undefined) return;
    const archive = await this.#world.images.save([id], { signal });
    // Begun, but far from its end: its image may go meanwhile.
    await archive.iterator({ destroyOnReturn: false }).next();
    this.#saving.push(archive);
  }

  async #readArchive(): Promise<void> {
    const archive = this.#saving.shift();
    if (archive === undefined) return;
    const bytes = Buffer.concat(await archive.toArray());
    expect(bytes.subarray(-1024).equals(Buffer.alloc(1024))).toBe(true);
  }

  /** What a daemon leaves that dies at its worst moments; the next one opens it. (Real deaths: e2e/engine/store-kills.) */
  async #crash(): Promise<void> {
    await this.#rest();
    while (this.#saving.length > 0) await this.#readArchive();
    const { content, snapshots, registry, db, root } = this.#world;
    const at = (...parts: string[]) => join(root, ...parts);
    const tar = this.#pick(tars);
    const diffId = digestOf(tar);
    const layer = { chainId: diffId, parent: undefined, diffId };
    if (this.#random() < 0.5) await snapshots.applyLayer(layer, Readable.from([tar]), { signal });
    if (this.#random() < 0.5) await content.put(Buffer.from(`nobody wants this ${this.#count++}`));
    for (const [digest, bytes] of registry.blobs)
      if (this.#random() < 0.3)
        writeFileSync(at('content/ingest', digest.replace(':', '-')), bytes.subarray(0, bytes.length / 2));
    writeFileSync(at('content/ingest', crypto.randomUUID()), 'a blob of its own');
    mkdirSync(at('snapshots/incoming', crypto.randomUUID(), 'diff/half'), { recursive: true });
    mkdirSync(at('snapshots/layers', 'e'.repeat(64), 'diff'), { recursive: true });
    await snapshots.synced();
    db.close();
    await this.#world.open();
    await this.#world.images.reconcile({ signal });
  }
}

/** What docker refuses too: an image in use, unknown by now, or with several names. */
async function refusable(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isWharfError(error) || !['image.in-use', 'image.not-found'].includes(error.code)) throw error;
  });
}

it.each(seeds)(
  'nothing that is needed is collected, and nothing else stays (seed %i)',
  { timeout: 120_000 },
  async (seed) => {
    await using world = await ImageWorld.create();
    const walk = new Walk(world, seed);
    try {
      for (let step = 1; step <= stepsEach; step++) {
        await walk.step();
        if (step % 30 === 0) await walk.settle();
      }
    } catch (error) {
      throw new Error(`seed ${seed}, after ${walk.said.join(', ')}`, { cause: error });
    }
  },
);
