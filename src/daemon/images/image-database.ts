/**
 * Images and their names, in SQLite and in memory. Reads never touch the disk; a write is a transaction first.
 *
 *     images         one row an image: config, manifest, layers
 *     image_tags     docker.io/library/busybox:latest -> image
 *     image_digests  docker.io/library/busybox + digest of what was pulled or pushed -> image
 *     blob_origins   repositories a blob is known to be in; a push to the same registry mounts it from there
 *     and the tables of indexes that are kept with several platforms: see held-index.ts, index-tables.ts
 *
 * An image's row appears only when its blobs and layers are complete.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Descriptor } from '../../oci/descriptor.ts';
import { descriptorFromJson } from '../../oci/descriptor.ts';
import { type Digest, isDigest, parseDigest } from '../../oci/digest.ts';
import { canonicalName, familiar, parseNamed, type Reference } from '../../oci/reference.ts';
import { blobsOfIndex, type HeldIndex, heldImages } from './held-index.ts';
import { type ImageRecord, pairLayers, readConfig } from './image-record.ts';
import { IndexTables } from './index-tables.ts';

export interface ImageNames {
  /** `busybox:latest`, sorted. */
  readonly tags: readonly string[];
  /** `busybox@sha256:...`, sorted. */
  readonly digests: readonly string[];
}

const schema = `
  CREATE TABLE IF NOT EXISTS images (
    id TEXT PRIMARY KEY, manifest TEXT NOT NULL, layers TEXT NOT NULL, config BLOB NOT NULL,
    size_bytes INTEGER NOT NULL, parent_id TEXT NOT NULL, tagged_at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS image_tags (name TEXT PRIMARY KEY, image_id TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS image_digests (
    repository TEXT NOT NULL, digest TEXT NOT NULL, image_id TEXT NOT NULL, PRIMARY KEY (repository, digest)) STRICT;
  CREATE TABLE IF NOT EXISTS blob_origins (
    digest TEXT NOT NULL, repository TEXT NOT NULL, PRIMARY KEY (digest, repository)) STRICT;
`;

export class ImageDatabase {
  readonly #db: DatabaseSync;
  readonly #images = new Map<Digest, ImageRecord>();
  /** By canonical name with tag. */
  readonly #tags = new Map<string, Digest>();
  /** By canonical name with digest. */
  readonly #digests = new Map<string, Digest>();
  readonly #indexes: IndexTables;
  #version = 0;

  /** An image whose row can't be read is forgotten with its names, so that the next run pulls it. */
  constructor(db: DatabaseSync, warn: (message: string) => void = () => undefined) {
    this.#db = db;
    db.exec(schema);
    this.#indexes = new IndexTables(db, warn);
    const lost = new Set<string>();
    for (const row of db.prepare('SELECT * FROM images').all()) {
      try {
        const image = imageFromRow(row);
        this.#images.set(image.id, image);
      } catch (error) {
        warn(`images: the record of ${row.id} can not be read and is dropped: ${String(error)}`);
        lost.add(String(row.id));
      }
    }
    for (const id of lost) this.#deleteRows(id);
    for (const { name, image_id } of db.prepare('SELECT name, image_id FROM image_tags').all()) {
      if (isDigest(String(image_id))) this.#tags.set(String(name), parseDigest(String(image_id)));
    }
    for (const row of db.prepare('SELECT repository, digest, image_id FROM image_digests').all()) {
      if (!isDigest(String(row.image_id))) continue;
      this.#digests.set(`${row.repository}@${row.digest}`, parseDigest(String(row.image_id)));
    }
  }

  /** Grows with every change, so that what was computed from the images can be kept until then. */
  get version(): number {
    return this.#version;
  }

  get(id: Digest): ImageRecord | undefined {
    return this.#images.get(id);
  }

  all(): readonly ImageRecord[] {
    return [...this.#images.values()];
  }

  /** By tag or digest, as the reference says; the digest counts when it has both. */
  resolve(reference: Reference): Digest | undefined {
    const name = canonicalName(reference);
    if (reference.digest !== undefined) return this.#digests.get(`${name}@${reference.digest}`);
    return this.#tags.get(`${name}:${reference.tag ?? 'latest'}`);
  }

  /** The config's bytes, which are kept beside the blob. */
  configBytes(id: Digest): Uint8Array | undefined {
    const config = this.#db.prepare('SELECT config FROM images WHERE id = ?').get(id)?.config;
    return config instanceof Uint8Array ? config : undefined;
  }

  /** Every reference that names this image. */
  references(id: Digest): readonly Reference[] {
    const found: Reference[] = [];
    for (const [name, image] of this.#tags) if (image === id) found.push(parseNamed(name));
    for (const [name, image] of this.#digests) if (image === id) found.push(parseNamed(name));
    return found;
  }

  names(id: Digest): ImageNames {
    const references = this.references(id);
    return {
      tags: references
        .filter(({ digest }) => digest === undefined)
        .map(familiar)
        .sort(),
      digests: references
        .filter(({ digest }) => digest !== undefined)
        .map(familiar)
        .sort(),
    };
  }

  /** Tags of one repository with their images. */
  tagsOf(repository: string): readonly (readonly [Reference, Digest])[] {
    return [...this.#tags]
      .map(([name, id]) => [parseNamed(name), id] as const)
      .filter(([reference]) => canonicalName(reference) === repository);
  }

  /** Digests by which names refer to images: their manifests or the indexes above those. */
  namedDigests(): readonly Digest[] {
    return [...this.#digests.keys()].map((name) => parseDigest(name.slice(name.indexOf('@') + 1)));
  }

  /** Repositories (canonical names) that gave or took this digest as a manifest or index. */
  repositoriesOf(digest: Digest): readonly string[] {
    return [...this.#digests.keys()].flatMap((name) =>
      name.endsWith(`@${digest}`) ? [name.slice(0, name.indexOf('@'))] : [],
    );
  }

  /** The index this name stands for, when it is held with its platforms. */
  indexOf(reference: Reference): HeldIndex | undefined {
    const name = canonicalName(reference);
    if (reference.digest === undefined) return this.#indexes.named(`${name}:${reference.tag ?? 'latest'}`);
    return this.#digests.has(`${name}@${reference.digest}`) ? this.#indexes.get(reference.digest) : undefined;
  }

  /** The indexes by which names mean this image. */
  indexesOf(id: Digest): readonly HeldIndex[] {
    const found = this.references(id).flatMap((reference) => this.indexOf(reference) ?? []);
    return [...new Set(found)];
  }

  /** Held indexes that list this image. */
  indexesWith(id: Digest): readonly HeldIndex[] {
    return this.#indexes.all().filter((index) => heldImages(index).some(({ content }) => content.config.digest === id));
  }

  /** Blobs that stay for the sake of held indexes. */
  indexBlobs(): readonly Digest[] {
    return this.#indexes.all().flatMap(blobsOfIndex);
  }

  allIndexes(): readonly HeldIndex[] {
    return this.#indexes.all();
  }

  /** Writes anew what is here of an index. */
  setIndex(index: HeldIndex): void {
    this.#transaction(() => this.#indexes.insert(index));
    this.#indexes.remember(index);
  }

  /** Lets go of indexes that no name stands for any more, and answers them. */
  dropLostIndexes(): readonly HeldIndex[] {
    const named = new Set([...this.#indexes.namedDigests(), ...this.namedDigests()]);
    const lost = this.#indexes.all().filter(({ descriptor }) => !named.has(descriptor.digest));
    if (lost.length === 0) return lost;
    this.#transaction(() => {
      for (const { descriptor } of lost) this.#indexes.delete(descriptor.digest);
    });
    for (const { descriptor } of lost) this.#indexes.forget(descriptor.digest);
    return lost;
  }

  /** Adds or renews an image and the names that now mean it, in one transaction; with `index` tags stand for that too. */
  put(image: ImageRecord, configBytes: Uint8Array, names: readonly Reference[], index?: HeldIndex): void {
    const indexDigest = index?.descriptor.digest;
    this.#transaction(() => {
      if (index !== undefined) this.#indexes.insert(index);
      this.#db
        .prepare(
          `INSERT INTO images (id, manifest, layers, config, size_bytes, parent_id, tagged_at) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET manifest = excluded.manifest, layers = excluded.layers, tagged_at = excluded.tagged_at`,
        )
        .run(
          image.id,
          JSON.stringify(image.manifest),
          JSON.stringify(image.layers.map((layer) => layer.blob)),
          configBytes,
          image.sizeBytes,
          image.parentId,
          image.taggedAt,
        );
      for (const name of names) this.#insertName(name, image.id, indexDigest);
    });
    this.#images.set(image.id, image);
    if (index !== undefined) this.#indexes.remember(index);
    for (const name of names) this.#rememberName(name, image.id, indexDigest);
  }

  /** @param index a held one, which a tag then stands for too */
  name(reference: Reference, id: Digest, index?: Digest): void {
    this.#transaction(() => {
      this.#insertName(reference, id, index);
      this.#db.prepare('UPDATE images SET tagged_at = ? WHERE id = ?').run(Date.now(), id);
    });
    this.#rememberName(reference, id, index);
    const image = this.#images.get(id);
    if (image !== undefined) this.#images.set(id, { ...image, taggedAt: Date.now() });
  }

  unname(reference: Reference): void {
    this.#version++;
    const repository = canonicalName(reference);
    if (reference.digest !== undefined) {
      this.#db
        .prepare('DELETE FROM image_digests WHERE repository = ? AND digest = ?')
        .run(repository, reference.digest);
      this.#digests.delete(`${repository}@${reference.digest}`);
      return;
    }
    const name = `${repository}:${reference.tag ?? 'latest'}`;
    this.#transaction(() => {
      this.#db.prepare('DELETE FROM image_tags WHERE name = ?').run(name);
      this.#indexes.insertName(name, undefined);
    });
    this.#tags.delete(name);
    this.#indexes.rememberName(name, undefined);
  }

  /** Removes an image with all its names. */
  delete(id: Digest): void {
    for (const [name, image] of this.#tags) if (image === id) this.#indexes.rememberName(name, undefined);
    this.#deleteRows(id);
    this.#images.delete(id);
    for (const names of [this.#tags, this.#digests]) {
      for (const [name, image] of names) if (image === id) names.delete(name);
    }
  }

  #deleteRows(id: string): void {
    this.#transaction(() => {
      for (const table of ['image_tags', 'image_digests']) {
        this.#db.prepare(`DELETE FROM ${table} WHERE image_id = ?`).run(id);
      }
      this.#db.prepare('DELETE FROM images WHERE id = ?').run(id);
      this.#db.exec('DELETE FROM image_index_names WHERE name NOT IN (SELECT name FROM image_tags)');
    });
  }

  addOrigins(repository: string, digests: readonly Digest[]): void {
    const insert = this.#db.prepare('INSERT OR IGNORE INTO blob_origins (digest, repository) VALUES (?, ?)');
    this.#transaction(() => {
      for (const digest of digests) insert.run(digest, repository);
    });
  }

  /** Repositories (canonical names) a blob was seen in; a handful is enough. */
  originsOf(digest: Digest): readonly string[] {
    const rows = this.#db.prepare('SELECT repository FROM blob_origins WHERE digest = ? LIMIT 16').all(digest);
    return rows.map((row) => String(row.repository));
  }

  forgetOrigins(digests: readonly Digest[]): void {
    const remove = this.#db.prepare('DELETE FROM blob_origins WHERE digest = ?');
    this.#transaction(() => {
      for (const digest of digests) remove.run(digest);
    });
  }

  #insertName(reference: Reference, id: Digest, index: Digest | undefined): void {
    const repository = canonicalName(reference);
    if (reference.digest !== undefined) {
      this.#db
        .prepare('INSERT OR REPLACE INTO image_digests (repository, digest, image_id) VALUES (?, ?, ?)')
        .run(repository, reference.digest, id);
      return;
    }
    this.#db
      .prepare('INSERT OR REPLACE INTO image_tags (name, image_id) VALUES (?, ?)')
      .run(`${repository}:${reference.tag ?? 'latest'}`, id);
    this.#indexes.insertName(`${repository}:${reference.tag ?? 'latest'}`, index);
  }

  #rememberName(reference: Reference, id: Digest, index: Digest | undefined): void {
    const repository = canonicalName(reference);
    if (reference.digest !== undefined) {
      this.#digests.set(`${repository}@${reference.digest}`, id);
      return;
    }
    this.#tags.set(`${repository}:${reference.tag ?? 'latest'}`, id);
    this.#indexes.rememberName(`${repository}:${reference.tag ?? 'latest'}`, index);
  }

  #transaction(work: () => void): void {
    this.#version++;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

function imageFromRow(row: Record<string, unknown>): ImageRecord {
  const { document, runConfig } = readConfig(row.config instanceof Uint8Array ? row.config : new Uint8Array());
  const blobs: unknown = JSON.parse(String(row.layers));
  const descriptors: Descriptor[] = Array.isArray(blobs) ? blobs.map((blob) => descriptorFromJson(blob, 'layer')) : [];
  return {
    id: parseDigest(String(row.id)),
    manifest: descriptorFromJson(JSON.parse(String(row.manifest)), 'manifest'),
    document,
    runConfig,
    layers: pairLayers(descriptors, document.diffIds),
    sizeBytes: Number(row.size_bytes),
    parentId: String(row.parent_id),
    taggedAt: Number(row.tagged_at),
  };
}
