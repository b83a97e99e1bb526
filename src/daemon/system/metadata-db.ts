/** The one metadata file. Opening it is also the lock of the data root: SQLite's own, which the kernel drops with the process. */
import { mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { WharfError } from '../../contract/errors.ts';
import { reserveSpace } from '../linux/libc.ts';

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
      const holder = lockHolder(path);
      const who = holder === undefined ? 'another daemon' : `another daemon (process ${holder})`;
      throw new WharfError('request.conflict', `${who} uses the data root ${dataRoot}`, {
        cause,
        hint: 'Stop it, or give --data-root and --exec-root of their own.',
      });
    }
    throw new WharfError('internal', `open ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  keepRoomToWrite(path);
  keepRoomToWrite(`${path}-wal`);
  return db;
}

/** SQLite writes its log anew from the start when it has this length. */
const reservedBytes = 4 << 20;

/**
 * A container may fill the disk; its end must still be written down, and it must be possible to remove it. Where the file
 * system can not set space aside, that has to wait until something else is removed.
 */
function keepRoomToWrite(path: string): void {
  // Never closed: closing any descriptor of a file drops all locks that the process has on it (fcntl(2), "Advisory record
  // locking"), SQLite's among them, and the data root would be open to a second daemon.
  const file = openSync(path, 'r+');
  reserveSpace(file, 0, statSync(path).size + reservedBytes);
}

/** The process with a lock on this file, as the kernel lists them: `1: POSIX  ADVISORY  WRITE 812 fe:01:393228 0 EOF`. */
function lockHolder(path: string): number | undefined {
  const inode = statSync(path).ino;
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    const found = /^\d+: \w+ +\w+ +\w+ +(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line);
    if (Number(found?.[2]) === inode && Number(found?.[1]) > 0) return Number(found?.[1]);
  }
  return undefined;
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
