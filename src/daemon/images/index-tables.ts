/**
 * Held indexes and the tags that stand for them, in SQLite and in memory. ImageDatabase owns the transactions: `insert...`
 * and `delete...` write rows within one, `remember...` and `forget...` follow when it stands.
 *
 *     image_indexes       one row a held index: what it lists, and what of it is here
 *     image_index_names   docker.io/library/busybox:latest -> index; a tag without a row stands for one image alone
 */
import type { DatabaseSync } from 'node:sqlite';
import { type Digest, isDigest } from '../../oci/digest.ts';
import { type HeldIndex, heldIndexFromJson } from './held-index.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS image_indexes (digest TEXT PRIMARY KEY, held TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS image_index_names (name TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT;
`;

export class IndexTables {
  readonly #db: DatabaseSync;
  readonly #indexes = new Map<Digest, HeldIndex>();
  /** By canonical name with tag. */
  readonly #names = new Map<string, Digest>();

  constructor(db: DatabaseSync, warn: (message: string) => void) {
    this.#db = db;
    db.exec(schema);
    for (const { digest, held } of db.prepare('SELECT digest, held FROM image_indexes').all()) {
      try {
        const index = heldIndexFromJson(JSON.parse(String(held)));
        this.#indexes.set(index.descriptor.digest, index);
      } catch (error) {
        warn(`images: the record of the index ${digest} can not be read and is dropped: ${String(error)}`);
        db.prepare('DELETE FROM image_indexes WHERE digest = ?').run(String(digest));
      }
    }
    for (const { name, digest } of db.prepare('SELECT name, digest FROM image_index_names').all()) {
      const text = String(digest);
      if (isDigest(text) && this.#indexes.has(text)) this.#names.set(String(name), text);
    }
  }

  all(): readonly HeldIndex[] {
    return [...this.#indexes.values()];
  }

  get(digest: Digest): HeldIndex | undefined {
    return this.#indexes.get(digest);
  }

  named(name: string): HeldIndex | undefined {
    const digest = this.#names.get(name);
    return digest === undefined ? undefined : this.#indexes.get(digest);
  }

  /** Digests tags stand for. */
  namedDigests(): ReadonlySet<Digest> {
    return new Set(this.#names.values());
  }

  insert(index: HeldIndex): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO image_indexes (digest, held) VALUES (?, ?)')
      .run(index.descriptor.digest, JSON.stringify(index));
  }

  remember(index: HeldIndex): void {
    this.#indexes.set(index.descriptor.digest, index);
  }

  delete(digest: Digest): void {
    this.#db.prepare('DELETE FROM image_indexes WHERE digest = ?').run(digest);
  }

  forget(digest: Digest): void {
    this.#indexes.delete(digest);
  }

  /** The tag stands for this index from now on, or for one image alone. */
  insertName(name: string, digest: Digest | undefined): void {
    if (digest === undefined) {
      this.#db.prepare('DELETE FROM image_index_names WHERE name = ?').run(name);
      return;
    }
    this.#db.prepare('INSERT OR REPLACE INTO image_index_names (name, digest) VALUES (?, ?)').run(name, digest);
  }

  rememberName(name: string, digest: Digest | undefined): void {
    if (digest === undefined) this.#names.delete(name);
    else this.#names.set(name, digest);
  }
}
