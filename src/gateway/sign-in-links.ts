import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasErrno } from '../machine/atomic-file.ts';

const lifeMs = 10 * 60_000;

/**
 * One-time sign-in tokens, kept only as hashes, a file each, in a folder only this user may read. Being files, `--new-link`
 * from another process works, and removing the file is what makes a token usable once: of two tries at the same time one
 * finds it gone.
 */
export class SignInLinks {
  readonly #folder: string;
  readonly #now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  /** @returns a fresh token, good once, for ten minutes */
  async create(): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#removeExpired();
    const token = randomBytes(32).toString('base64url');
    await writeFile(this.#file(token), String(this.#now() + lifeMs), { mode: 0o600, flag: 'wx' });
    return token;
  }

  /** @returns whether the token was good; it is not any more */
  async redeem(token: string): Promise<boolean> {
    if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return false;
    const file = this.#file(token);
    try {
      const until = Number(await readFile(file, 'utf8'));
      await unlink(file);
      return until > this.#now();
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return false;
      throw error;
    }
  }

  // The name is a hash: looking it up tells nothing about how much of a guess was right.
  #file(token: string): string {
    return path.join(this.#folder, createHash('sha256').update(token).digest('hex'));
  }

  async #removeExpired(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const file = path.join(this.#folder, name);
      const until = Number(await readFile(file, 'utf8').catch(() => '0'));
      if (!(until > this.#now())) await rm(file, { force: true });
    }
  }
}
