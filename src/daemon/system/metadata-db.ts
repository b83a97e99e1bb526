/** The one metadata file. Opening it is also the lock of the data root: SQLite's own, which the kernel drops with the process. */
import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { WharfError } from '../../contract/errors.ts';

/** @throws WharfError 'request.conflict' when another daemon holds this data root */
export function openMetadata(dataRoot: string): DatabaseSync {
  mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
  const path = `${dataRoot}/wharf.db`;
  const db = new DatabaseSync(path, { timeout: 200 });
  try {
    // Exclusive mode keeps the first write's lock until the end, and needs no shared-memory file.
    db.exec(
      'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON',
    );
    db.exec(
      'BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS daemon (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT; COMMIT',
    );
  } catch (cause) {
    db.close();
    if (isBusy(cause)) {
      throw new WharfError('request.conflict', `another daemon uses the data root ${dataRoot}`, {
        cause,
        hint: 'Stop it, or give --data-root and --exec-root of their own.',
      });
    }
    throw new WharfError('internal', `open ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  return db;
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

/** A value kept across starts, made on the first one. */
export function keptValue(db: DatabaseSync, name: string, make: () => string): string {
  const found = db.prepare('SELECT value FROM daemon WHERE name = ?').get(name)?.value;
  if (typeof found === 'string') return found;
  const value = make();
  db.prepare('INSERT INTO daemon (name, value) VALUES (?, ?)').run(name, value);
  return value;
}
