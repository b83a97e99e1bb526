/** Volumes and who holds them, in the daemon's database. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { VolumeRecord } from './volume-definition.ts';

export class VolumeStore {
  readonly #db: DatabaseSync;
  readonly #save: StatementSync;
  readonly #find: StatementSync;
  readonly #users: StatementSync;
  readonly #hold: StatementSync;
  readonly #letGo: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`
      CREATE TABLE IF NOT EXISTS volumes (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS volume_users (
        volume TEXT NOT NULL, container_id TEXT NOT NULL, PRIMARY KEY (volume, container_id)
      ) STRICT, WITHOUT ROWID;
    `);
    this.#save = db.prepare('INSERT OR REPLACE INTO volumes (name, record) VALUES (?, ?)');
    this.#find = db.prepare('SELECT record FROM volumes WHERE name = ?');
    this.#users = db.prepare('SELECT container_id FROM volume_users WHERE volume = ? ORDER BY container_id');
    this.#hold = db.prepare('INSERT OR IGNORE INTO volume_users (volume, container_id) VALUES (?, ?)');
    this.#letGo = db.prepare('DELETE FROM volume_users WHERE volume = ? AND container_id = ?');
  }

  /** Names of volumes whose record can't be read. */
  damaged(): string[] {
    const rows = this.#db.prepare('SELECT name, record FROM volumes').all();
    return rows.filter((row) => !isWhole(row.record)).map((row) => String(row.name));
  }

  all(): VolumeRecord[] {
    return this.#db
      .prepare('SELECT record FROM volumes ORDER BY name')
      .all()
      .map((row) => parse(row.record));
  }

  get(name: string): VolumeRecord | undefined {
    const row = this.#find.get(name);
    return row && parse(row.record);
  }

  save(record: VolumeRecord): void {
    this.#save.run(record.name, JSON.stringify(record));
  }

  delete(name: string): void {
    this.#db.prepare('DELETE FROM volumes WHERE name = ?').run(name);
    this.#db.prepare('DELETE FROM volume_users WHERE volume = ?').run(name);
  }

  usersOf(name: string): string[] {
    return this.#users.all(name).map((row) => String(row.container_id));
  }

  /** @returns false when the container held it already */
  hold(name: string, containerId: string): boolean {
    return this.#hold.run(name, containerId).changes > 0;
  }

  /** @returns false when the container did not hold it */
  letGo(name: string, containerId: string): boolean {
    return this.#letGo.run(name, containerId).changes > 0;
  }
}

/** Records are written by this class only, so their shape is known once they are records at all. */
function parse(text: unknown): VolumeRecord {
  return JSON.parse(String(text)) as VolumeRecord;
}

function isWhole(text: unknown): boolean {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null && 'name' in value && 'driver' in value && 'options' in value;
  } catch {
    return false;
  }
}
