/** Lists of manifests in SQLite and in memory: `manifest_lists`, one row a list, by canonical name with tag. */
import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../../oci/digest.ts';
import { listFromJson, type ManifestList } from './manifest-list.ts';

export class ManifestListStore {
  readonly #db: DatabaseSync;
  readonly #lists = new Map<string, ManifestList>();
  #version = 0;

  constructor(db: DatabaseSync, warn: (message: string) => void = () => undefined) {
    this.#db = db;
    db.exec('CREATE TABLE IF NOT EXISTS manifest_lists (name TEXT PRIMARY KEY, list TEXT NOT NULL) STRICT');
    for (const { name, list } of db.prepare('SELECT name, list FROM manifest_lists').all()) {
      try {
        this.#lists.set(String(name), listFromJson(JSON.parse(String(list))));
      } catch (error) {
        warn(`images: the manifest list ${name} can not be read and is dropped: ${String(error)}`);
        db.prepare('DELETE FROM manifest_lists WHERE name = ?').run(String(name));
      }
    }
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  all(): readonly ManifestList[] {
    return [...this.#lists.values()];
  }

  get(name: string): ManifestList | undefined {
    return this.#lists.get(name);
  }

  set(list: ManifestList): void {
    this.#version++;
    this.#db
      .prepare('INSERT OR REPLACE INTO manifest_lists (name, list) VALUES (?, ?)')
      .run(list.name, JSON.stringify(list));
    this.#lists.set(list.name, list);
  }

  delete(name: string): void {
    this.#version++;
    this.#db.prepare('DELETE FROM manifest_lists WHERE name = ?').run(name);
    this.#lists.delete(name);
  }

  /** Blobs that stay for the sake of lists, as far as they are here: the images may have gone. */
  blobs(): readonly Digest[] {
    return this.all().flatMap(({ entries }) =>
      entries.flatMap(({ manifest, config, layers }) => [
        manifest.digest,
        config.digest,
        ...layers.map(({ digest }) => digest),
      ]),
    );
  }
}
