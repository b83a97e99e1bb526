import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { UsageError } from '../argv/usage-error.ts';
import { type ConfigHome, isRecord } from '../settings/config-home.ts';
import type { Credential } from './credential.ts';
import { registryKey } from './registry-key.ts';

/**
 * Credentials of users without a credential helper: `credentials.json` holds each sealed with AES-256-GCM, the key lies
 * beside it in `credentials.key`; both are readable by the user only. This keeps secrets out of backups, dotfile
 * repositories and screenshots of the one file; it does not keep them from a program that runs as the user.
 */
const fileName = 'credentials.json';
const keyFileName = 'credentials.key';

export function readSealed(home: ConfigHome, server: string): Credential | undefined {
  const entry = entries(home)[registryKey(server)];
  if (typeof entry !== 'string') return undefined;
  const key = readKey(home);
  if (key === undefined) throw lostKey();
  const [iv, tag, data] = entry.split('.').map((part) => Buffer.from(part, 'base64url'));
  if (iv === undefined || tag === undefined || data === undefined) throw lostKey();
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv);
    decipher.setAAD(Buffer.from(registryKey(server)));
    decipher.setAuthTag(tag);
    const value: unknown = JSON.parse(Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8'));
    if (!isRecord(value)) throw lostKey();
    return { username: text(value['username']), password: text(value['password']), identityToken: text(value['identityToken']) };
  } catch (cause) {
    throw cause instanceof UsageError ? cause : lostKey();
  }
}

export function writeSealed(home: ConfigHome, server: string, credential: Credential): void {
  const key = readKey(home) ?? createKey(home);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(registryKey(server)));
  const data = Buffer.concat([cipher.update(JSON.stringify(credential), 'utf8'), cipher.final()]);
  const sealed = [iv, cipher.getAuthTag(), data].map((part) => part.toString('base64url')).join('.');
  home.writeJson(fileName, { ...entries(home), [registryKey(server)]: sealed });
}

/** Whether there was something to forget. */
export function eraseSealed(home: ConfigHome, server: string): boolean {
  const { [registryKey(server)]: old, ...rest } = entries(home);
  if (old === undefined) return false;
  home.writeJson(fileName, rest);
  return true;
}

function entries(home: ConfigHome): Readonly<Record<string, unknown>> {
  return home.readJson(fileName) ?? {};
}

function readKey(home: ConfigHome): Buffer | undefined {
  const stored = home.readText(keyFileName);
  if (stored === undefined) return undefined;
  const key = Buffer.from(stored.trim(), 'base64url');
  if (key.length !== 32) throw lostKey();
  return key;
}

function createKey(home: ConfigHome): Buffer {
  const key = randomBytes(32);
  home.writeText(keyFileName, `${key.toString('base64url')}\n`);
  return key;
}

function lostKey(): UsageError {
  return new UsageError('the stored credentials can not be read with the stored key', { exitCode: 1, hint: 'Sign in again with `wharf login`.' });
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
