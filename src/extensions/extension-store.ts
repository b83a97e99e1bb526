import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { WharfError } from '../contract/errors.ts';
import { type AuditEntry, PackageName, Permissions } from '../contract/host-schemas.ts';
import { hasErrno, readIfThere, writeAtomic } from '../machine/atomic-file.ts';

const text = Type.String();
const optional = Type.Union([text, Type.Null()]);
const list = Type.Array(text);
const StoredService = Type.Object({
  name: text,
  image: text,
  command: Type.Union([list, Type.Null()]),
  entrypoint: Type.Union([list, Type.Null()]),
  environment: list,
  ports: Type.Array(
    Type.Object({
      containerPort: Type.Number(),
      protocol: Type.Union([Type.Literal('tcp'), Type.Literal('udp')]),
      hostPort: Type.Union([Type.Number(), Type.Null()]),
      hostIp: text,
    }),
  ),
  mounts: Type.Array(
    Type.Object({
      kind: Type.Union([Type.Literal('bind'), Type.Literal('volume')]),
      source: text,
      target: text,
      readOnly: Type.Boolean(),
    }),
  ),
  networkMode: optional,
  privileged: Type.Boolean(),
  capAdd: list,
  user: optional,
  workingDir: optional,
});
export type StoredService = Static<typeof StoredService>;

/** What is kept about an installed extension, in extension.json. */
export const ExtensionRecord = Type.Object({
  name: PackageName,
  image: text,
  imageId: text,
  version: text,
  title: text,
  description: text,
  vendor: text,
  /** A data: URI. */
  icon: optional,
  granted: Permissions,
  ui: Type.Union([Type.Object({ title: text, src: text }), Type.Null()]),
  /** File name of the backend's socket. */
  socket: optional,
  services: Type.Array(StoredService),
  installedAtMs: Type.Number(),
});
export type ExtensionRecord = Static<typeof ExtensionRecord>;

const auditMaxBytes = 1024 * 1024;

/**
 * Installed extensions on disk:
 *
 *   $WHARF_HOME/extensions/<name>/extension.json   the record; a folder without one is not installed
 *                                /ui/              the page's files, served on an origin of their own
 *                                /bin/             host binaries, flat
 *                                /audit.log        what it asked for, one JSON document a line; kept over upgrades
 *   $WHARF_HOME/extensions/.staging-*              being put together; renamed into place when complete
 */
export class ExtensionStore {
  readonly #root: string;

  constructor(home: string) {
    this.#root = path.join(home, 'extensions');
  }

  folder(name: string): string {
    return path.join(this.#root, name);
  }

  async list(): Promise<ExtensionRecord[]> {
    const names = await readdir(this.#root).catch((error) => {
      if (hasErrno(error, 'ENOENT')) return [];
      throw error;
    });
    const records = await Promise.all(names.filter((name) => !name.startsWith('.')).map((name) => this.find(name)));
    return records.filter((record) => record !== undefined);
  }

  async find(name: string): Promise<ExtensionRecord | undefined> {
    const stored = await readIfThere(path.join(this.folder(name), 'extension.json'));
    if (stored === undefined) return undefined;
    const value: unknown = JSON.parse(stored);
    if (!Value.Check(ExtensionRecord, value)) {
      throw new WharfError('extension.invalid', `the record of extension ${name} is damaged`, {
        hint: 'Remove the extension and install it again.',
      });
    }
    return value;
  }

  /** @throws WharfError 'extension.not-found' */
  async get(name: string): Promise<ExtensionRecord> {
    const record = await this.find(name);
    if (record === undefined) throw new WharfError('extension.not-found', `extension ${name} is not installed`);
    return record;
  }

  /** An empty folder to put an extension together in. */
  async stage(): Promise<string> {
    const folder = path.join(this.#root, `.staging-${randomBytes(6).toString('hex')}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /**
   * Puts a staged folder in the place of the extension's folder.
   *
   * @returns how to undo it, and how to forget what was there before
   */
  async commit(
    staged: string,
    record: ExtensionRecord,
  ): Promise<{ undo(): Promise<void>; forgetOld(): Promise<void> }> {
    await writeAtomic(path.join(staged, 'extension.json'), `${JSON.stringify(record, null, 2)}\n`);
    const folder = this.folder(record.name);
    const old = `${staged}-old`;
    const hadOld = await rename(folder, old).then(
      () => true,
      (error) => {
        if (hasErrno(error, 'ENOENT')) return false;
        throw error;
      },
    );
    if (hadOld) await rename(path.join(old, 'audit.log'), path.join(staged, 'audit.log')).catch(() => {});
    await rename(staged, folder);
    return {
      undo: async () => {
        if (hadOld) await rename(path.join(folder, 'audit.log'), path.join(old, 'audit.log')).catch(() => {});
        await rm(folder, { recursive: true, force: true });
        if (hadOld) await rename(old, folder);
      },
      forgetOld: () => rm(old, { recursive: true, force: true }),
    };
  }

  async remove(name: string): Promise<void> {
    await rm(this.folder(name), { recursive: true, force: true });
  }

  async audit(name: string, entry: AuditEntry): Promise<void> {
    const file = path.join(this.folder(name), 'audit.log');
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    if (size > auditMaxBytes) await rename(file, `${file}.1`);
    await appendFile(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }

  /** Newest first. */
  async readAudit(name: string, max: number): Promise<AuditEntry[]> {
    const stored = await readFile(path.join(this.folder(name), 'audit.log'), 'utf8').catch(() => '');
    const lines = stored.split('\n').filter((line) => line !== '');
    return lines
      .slice(-max)
      .reverse()
      .map((line): AuditEntry => JSON.parse(line));
  }
}
