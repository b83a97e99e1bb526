/** The managed plugins in the daemon's database, and finding them by name or ID as Docker does. */
import type { DatabaseSync } from 'node:sqlite';
import { WharfError } from '../../contract/errors.ts';
import { familiar, parseReference } from '../../oci/reference.ts';
import type { PluginRecord } from './plugin-config.ts';
import { pluginNotFound } from './plugin-directory.ts';

export class PluginStore {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec('CREATE TABLE IF NOT EXISTS engine_plugins (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT');
  }

  all(): readonly PluginRecord[] {
    const rows = this.#db.prepare('SELECT record FROM engine_plugins ORDER BY id').all();
    return rows.map((row) => parse(row.record)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(id: string): PluginRecord | undefined {
    const row = this.#db.prepare('SELECT record FROM engine_plugins WHERE id = ?').get(id);
    return row && parse(row.record);
  }

  save(record: PluginRecord): void {
    const text = JSON.stringify(record);
    this.#db.prepare('INSERT OR REPLACE INTO engine_plugins (id, record) VALUES (?, ?)').run(record.id, text);
  }

  delete(id: string): void {
    this.#db.prepare('DELETE FROM engine_plugins WHERE id = ?').run(id);
  }

  /** By full ID, name with or without its tag, or the beginning of an ID. @throws WharfError 'plugin.not-found' | 'plugin.ambiguous' */
  resolve(nameOrId: string): PluginRecord {
    const records = this.all();
    const exact = records.find(({ id }) => id === nameOrId) ?? records.find(({ name }) => name === fullName(nameOrId));
    if (exact !== undefined) return exact;
    const some = /^[a-f0-9]+$/.test(nameOrId) ? records.filter(({ id }) => id.startsWith(nameOrId)) : [];
    const [only, second] = some;
    if (second !== undefined) throw new WharfError('plugin.ambiguous', `multiple plugins found for "${nameOrId}"`);
    if (only === undefined) throw pluginNotFound(nameOrId);
    return only;
  }
}

/** `vendor/name:latest` for `vendor/name`; what is no name stays as it is. */
export function fullName(name: string): string {
  try {
    return familiar(parseReference(name));
  } catch {
    return name;
  }
}

/** Records are written by this class only, so their shape is known. */
function parse(text: unknown): PluginRecord {
  return JSON.parse(String(text)) as PluginRecord;
}
