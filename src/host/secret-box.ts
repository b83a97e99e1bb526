import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { WharfError } from '../contract/errors.ts';
import { hasErrno } from '../machine/atomic-file.ts';

/** Encrypts small secrets at rest. Electron's uses the operating system's key store. */
export interface SecretBox {
  /** Told in the file, so that a secret of one box is never read by another. */
  readonly kind: string;
  encrypt(text: string): string;
  /** @throws WharfError 'auth.required' when it can not be read any more */
  decrypt(sealed: string): string;
}

/** AES-256-GCM under a key file only this user may read: for hosts without a key store (the web gateway). */
export async function keyFileBox(home: string): Promise<SecretBox> {
  const key = await readOrMakeKey(path.join(home, 'secret.key'));
  return {
    kind: 'key-file',
    encrypt(text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    decrypt(sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
        decipher.setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new WharfError('auth.required', 'a stored registry sign-in can not be read any more', {
          hint: 'Sign in to the registry again.',
          cause,
        });
      }
    },
  };
}

async function readOrMakeKey(file: string): Promise<Buffer> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    await using handle = await open(file, 'wx', 0o600);
    const key = randomBytes(32);
    await handle.writeFile(key);
    await handle.sync();
    return key;
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
  const key = await readFile(file);
  if (key.length !== 32)
    throw new WharfError('auth.required', `${file} is damaged`, { hint: 'Remove it and sign in again.' });
  return key;
}
