import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../argv/usage-error.ts';
import { type ConfigHome, isRecord } from '../settings/config-home.ts';
import type { Credential } from './credential.ts';
import { tokenUsername } from './credential.ts';
import { sameRegistry } from './registry-key.ts';

/**
 * Sign-ins of users without a credential helper, in the file the desktop app's web host uses too (`host/credential-store`):
 *
 *     credentials.json   [{registry, username, box: "key-file", sealed: base64(nonce 12, tag 16, text)}, ...]
 *     secret.key         32 random bytes; AES-256-GCM
 *
 * Both can be read by the user only. This keeps secrets out of backups, dotfile repositories and screenshots of the one
 * file; it does not keep them from a program that runs as the user. Entries of other boxes (Electron's, sealed by the
 * system's key store) are left as they are.
 */
const fileName = 'credentials.json';
const keyFileName = 'secret.key';
const boxName = 'key-file';

interface Entry {
  readonly registry: string;
  readonly username: string;
  readonly box: string;
  readonly sealed: string;
}

export function readSealed(home: ConfigHome, server: string): Credential | undefined {
  const entry = readEntries(home).find((other) => other.box === boxName && sameRegistry(other.registry, server));
  if (entry === undefined) return undefined;
  const secret = unseal(home, entry.sealed);
  return entry.username === tokenUsername
    ? { username: '', password: '', identityToken: secret }
    : { username: entry.username, password: secret, identityToken: '' };
}

export function writeSealed(home: ConfigHome, server: string, credential: Credential): void {
  const withToken = credential.identityToken !== '';
  const entry: Entry = {
    registry: hostName(server),
    username: withToken ? tokenUsername : credential.username,
    box: boxName,
    sealed: seal(home, withToken ? credential.identityToken : credential.password),
  };
  writeEntries(home, [...readEntries(home).filter((other) => !sameRegistry(other.registry, server)), entry]);
}

/** Whether there was something to forget. */
export function eraseSealed(home: ConfigHome, server: string): boolean {
  const entries = readEntries(home);
  const kept = entries.filter((other) => !sameRegistry(other.registry, server));
  if (kept.length === entries.length) return false;
  writeEntries(home, kept);
  return true;
}

function readEntries(home: ConfigHome): Entry[] {
  const text = home.readText(fileName);
  if (text === undefined) return [];
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw damaged(fileName);
  return value.filter(isEntry);
}

function isEntry(value: unknown): value is Entry {
  return (
    isRecord(value) && ['registry', 'username', 'box', 'sealed'].every((field) => typeof value[field] === 'string')
  );
}

function writeEntries(home: ConfigHome, entries: readonly Entry[]): void {
  home.writeJson(fileName, entries);
}

function seal(home: ConfigHome, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', readKey(home) ?? makeKey(home), nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

function unseal(home: ConfigHome, sealed: string): string {
  const key = readKey(home);
  if (key === undefined) throw damaged(keyFileName);
  const bytes = Buffer.from(sealed, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch {
    throw damaged(fileName);
  }
}

function readKey(home: ConfigHome): Buffer | undefined {
  try {
    const key = readFileSync(join(home.dir, keyFileName));
    if (key.length !== 32) throw damaged(keyFileName);
    return key;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Two programs may make it at once: the first one's stays, whole. */
function makeKey(home: ConfigHome): Buffer {
  mkdirSync(home.dir, { recursive: true, mode: 0o700 });
  const path = join(home.dir, keyFileName);
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, randomBytes(32), { mode: 0o600 });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  const key = readKey(home);
  if (key === undefined) throw damaged(keyFileName);
  return key;
}

/** The desktop app's spelling: `docker.io` for Docker Hub, else the host. */
function hostName(server: string): string {
  return sameRegistry(server, 'docker.io')
    ? 'docker.io'
    : server
        .replace(/^https?:\/\//, '')
        .replace(/\/.*$/, '')
        .toLowerCase();
}

function damaged(name: string): UsageError {
  return new UsageError(`a stored registry sign-in can not be read: ${name} is damaged or missing`, {
    exitCode: 1,
    hint: 'Remove the file and sign in again with `wharf login`.',
  });
}
