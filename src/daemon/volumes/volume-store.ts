/** Volumes, who holds them and who has them mounted, in the daemon's database. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { VolumeRecord } from './volume-definition.ts';

/** A volume mounted for one place in one container. */
export interface VolumeMountRow {
  readonly volume: string;
  readonly containerId: string;
  readonly destination: string;
  /** What its driver knows the mount by. */
  readonly mountId: string;
}

export class VolumeStore {
  readonly #db: DatabaseSync;
  readonly #save: StatementSync;
  readonly #find: StatementSync;
  readonly #users: StatementSync;
  readonly #hold: StatementSync;
  readonly #letGo: StatementSync;
  readonly #addMount: StatementSync;
  readonly #dropMount: StatementSync;
  readonly #mountsOfContainer: StatementSync;
  readonly #mountsOfVolume: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`
      CREATE TABLE IF NOT EXISTS volumes (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS volume_users (
        volume TEXT NOT NULL, container_id TEXT NOT NULL, PRIMARY KEY (volume, container_id)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS volume_mounts (
        container_id TEXT NOT NULL, destination TEXT NOT NULL, volume TEXT NOT NULL, mount_id TEXT NOT NULL,
        PRIMARY KEY (container_id, destination)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS volume_mounts_by_volume ON volume_mounts (volume);
    `);
    this.#save = db.prepare('INSERT OR REPLACE INTO volumes (name, record) VALUES (?, ?)');
    this.#find = db.prepare('SELECT record FROM volumes WHERE name = ?');
    this.#users = db.prepare('SELECT container_id FROM volume_users WHERE volume = ? ORDER BY container_id');
    this.#hold = db.prepare('INSERT OR IGNORE INTO volume_users (volume, container_id) VALUES (?, ?)');
    this.#letGo = db.prepare('DELETE FROM volume_users WHERE volume = ? AND container_id = ?');
    this.#addMount = db.prepare(
      'INSERT OR REPLACE INTO volume_mounts (container_id, destination, volume, mount_id) VALUES (?, ?, ?, ?)',
    );
    this.#dropMount = db.prepare('DELETE FROM volume_mounts WHERE container_id = ? AND destination = ?');
    const mounts = 'SELECT container_id, destination, volume, mount_id FROM volume_mounts';
    this.#mountsOfContainer = db.prepare(`${mounts} WHERE container_id = ? ORDER BY destination`);
    this.#mountsOfVolume = db.prepare(`${mounts} WHERE volume = ?`);
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
    this.#db.prepare('DELETE FROM volume_mounts WHERE volume = ?').run(name);
  }

  addMount({ containerId, destination, volume, mountId }: VolumeMountRow): void {
    this.#addMount.run(containerId, destination, volume, mountId);
  }

  dropMount(containerId: string, destination: string): void {
    this.#dropMount.run(containerId, destination);
  }

  mountsOfContainer(containerId: string): VolumeMountRow[] {
    return this.#mountsOfContainer.all(containerId).map(mountRow);
  }

  mountsOfVolume(name: string): VolumeMountRow[] {
    return this.#mountsOfVolume.all(name).map(mountRow);
  }

  /** Of populations that a crash cut; what is mounted for them goes with the next user, or did with the machine. */
  dropCutPopulations(): void {
    this.#db.prepare("DELETE FROM volume_mounts WHERE container_id LIKE 'populate-%'").run();
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

function mountRow(row: Readonly<Record<string, unknown>>): VolumeMountRow {
  return {
    containerId: String(row.container_id),
    destination: String(row.destination),
    volume: String(row.volume),
    mountId: String(row.mount_id),
  };
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
