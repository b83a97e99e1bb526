/**
 * The containers on disk: one row each in the daemon's database, with the record and the state as JSON.
 *
 * A write that was answered survives the daemon (WAL); records are parsed when first asked for, so that hundreds of
 * stopped containers cost nothing at start-up. Everything is also held in memory: reads never touch the database.
 *
 * A row that can't be read any more (a disk that failed, a hand that edited it) is shown as a dead container with what its
 * columns tell, for the user to remove; see damaged-record.ts.
 */
import type { DatabaseSync } from 'node:sqlite';
import { WharfError } from '../../contract/errors.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ContainerState } from './container-state.ts';
import { damagedRecord, damagedState, readRecord, readState } from './damaged-record.ts';

export interface StoredContainer {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly createdAtMs: number;
  readonly record: ContainerRecord;
  readonly state: ContainerState;
}

export interface ContainerStore {
  /** @throws WharfError 'container.name-taken' */
  insert(record: ContainerRecord, state: ContainerState): void;
  /** By full ID. */
  get(id: string): StoredContainer | undefined;
  /** The full ID. @throws WharfError 'container.not-found' | 'container.ambiguous' */
  resolve(ref: string): string;
  idOfName(name: string): string | undefined;
  /** Newest first. */
  all(): readonly StoredContainer[];
  setState(id: string, state: ContainerState): void;
  /** @throws WharfError 'container.name-taken' */
  setRecord(record: ContainerRecord): void;
  delete(id: string): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    image_id TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    record TEXT NOT NULL,
    state TEXT NOT NULL
  ) WITHOUT ROWID`;

export function createContainerStore(db: DatabaseSync): ContainerStore {
  db.exec(schema);
  const insertRow = db.prepare('INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?)');
  const updateState = db.prepare('UPDATE containers SET state = ? WHERE id = ?');
  const updateRecord = db.prepare('UPDATE containers SET name = ?, record = ? WHERE id = ?');
  const deleteRow = db.prepare('DELETE FROM containers WHERE id = ?');

  const byId = new Map<string, Entry>();
  const idByName = new Map<string, string>();
  for (const row of db.prepare('SELECT * FROM containers ORDER BY created_at_ms').iterate()) {
    const entry = Entry.fromRow(row);
    byId.set(entry.id, entry);
    idByName.set(entry.name, entry.id);
  }

  function claimName(name: string, id: string): void {
    const holder = idByName.get(name);
    if (holder !== undefined && holder !== id) throw nameTaken(name, holder);
  }

  return {
    insert(record, state) {
      claimName(record.name, record.id);
      const { id, name, imageId, createdAtMs } = record;
      insertRow.run(id, name, imageId, createdAtMs, JSON.stringify(record), JSON.stringify(state));
      byId.set(id, new Entry({ id, name, imageId, createdAtMs }, record, state));
      idByName.set(name, id);
    },
    get: (id) => byId.get(id),
    resolve: (ref) => resolveRef(ref, byId, idByName),
    idOfName: (name) => idByName.get(name),
    all: () => [...byId.values()].reverse(),
    setState(id, state) {
      const entry = byId.get(id);
      if (!entry) return;
      updateState.run(JSON.stringify(state), id);
      entry.state = state;
    },
    setRecord(record) {
      const entry = byId.get(record.id);
      if (!entry) return;
      claimName(record.name, record.id);
      updateRecord.run(record.name, JSON.stringify(record), record.id);
      idByName.delete(entry.name);
      idByName.set(record.name, record.id);
      entry.setRecord(record);
    },
    delete(id) {
      const entry = byId.get(id);
      if (!entry) return;
      deleteRow.run(id);
      byId.delete(id);
      idByName.delete(entry.name);
    },
  };
}

export function nameTaken(name: string, holderId: string): WharfError {
  return new WharfError(
    'container.name-taken',
    `Conflict. The container name "/${name}" is already in use by container "${holderId}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}

export function noSuchContainer(ref: string): WharfError {
  return new WharfError('container.not-found', `No such container: ${ref}`);
}

/** Docker's order: full ID, then full name, then unique ID prefix. */
function resolveRef(ref: string, byId: ReadonlyMap<string, unknown>, idByName: ReadonlyMap<string, string>): string {
  if (byId.has(ref)) return ref;
  const named = idByName.get(ref.startsWith('/') ? ref.slice(1) : ref);
  if (named !== undefined) return named;
  if (!/^[0-9a-f]+$/.test(ref)) throw noSuchContainer(ref);
  let found: string | undefined;
  for (const id of byId.keys()) {
    if (!id.startsWith(ref)) continue;
    if (found !== undefined) {
      throw new WharfError('container.ambiguous', `Multiple IDs found with provided prefix: ${ref}`);
    }
    found = id;
  }
  if (found === undefined) throw noSuchContainer(ref);
  return found;
}

interface EntryKey {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly createdAtMs: number;
}

class Entry implements StoredContainer {
  readonly id: string;
  readonly imageId: string;
  readonly createdAtMs: number;
  name: string;
  state: ContainerState;
  #record: ContainerRecord | string;

  constructor(key: EntryKey, record: ContainerRecord | string, state: ContainerState) {
    this.id = key.id;
    this.name = key.name;
    this.imageId = key.imageId;
    this.createdAtMs = key.createdAtMs;
    this.#record = record;
    this.state = state;
  }

  /** This file is the parser of its own rows: what `insert` wrote is what is read here. */
  static fromRow(row: Readonly<Record<string, unknown>>): Entry {
    const { id, name, image_id: imageId, created_at_ms: createdAtMs, record, state } = row;
    const key = { id: String(id), name: String(name), imageId: String(imageId), createdAtMs: Number(createdAtMs) };
    return new Entry(key, String(record), readState(String(state)) ?? damagedState('state'));
  }

  get record(): ContainerRecord {
    if (typeof this.#record === 'string') {
      const read = readRecord(this.#record);
      if (read === undefined) this.state = damagedState('description');
      this.#record = read ?? damagedRecord(this);
    }
    return this.#record;
  }

  setRecord(record: ContainerRecord): void {
    this.#record = record;
    this.name = record.name;
  }
}
