/** Who may do what: everybody everything, or the users of an htpasswd file, or these and anonymous readers. */
import { createHmac, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type PasswordCheck, parseHtpasswd } from './htpasswd.ts';
import { RegistryError } from './registry-error.ts';

export interface AccessRules {
  /** Path of the users file; it is read again when it changes. */
  readonly htpasswd: string;
  /** Pulling needs no user. */
  readonly anonymousRead: boolean;
}

const maxVerified = 256;
const maxChecksAtOnce = 8;
const challenge = { 'www-authenticate': 'Basic realm="Wharf registry", charset="UTF-8"' };

export class AccessControl {
  readonly #rules: AccessRules;
  /** Credentials that were right: a password hash takes 50 ms, and a push has hundreds of requests. Keyed, so no password is kept. */
  readonly #verified = new Set<string>();
  readonly #key = randomBytes(32);
  #users: ReadonlyMap<string, PasswordCheck> = new Map();
  #readAtMs = -1;
  #checking = 0;

  constructor(rules: AccessRules) {
    this.#rules = rules;
  }

  /** Reads the users; for the start, where a bad file must be told. */
  async load(): Promise<void> {
    const { mtimeMs } = await stat(this.#rules.htpasswd);
    if (mtimeMs === this.#readAtMs) return;
    this.#users = parseHtpasswd(await readFile(this.#rules.htpasswd, 'utf8'));
    this.#verified.clear();
    this.#readAtMs = mtimeMs;
  }

  /** @throws RegistryError 'UNAUTHORIZED' with the challenge */
  async check(method: string, authorization: string | undefined): Promise<void> {
    await this.load();
    const reads = method === 'GET' || method === 'HEAD';
    // Credentials that are sent must be right even where none are needed: `login` relies on it.
    if (authorization === undefined && reads && this.#rules.anonymousRead) return;
    if (authorization !== undefined && (await this.#isRight(authorization))) return;
    throw new RegistryError('UNAUTHORIZED', { headers: challenge });
  }

  async #isRight(authorization: string): Promise<boolean> {
    const match = /^Basic ([A-Za-z0-9+/=]{1,2048})$/i.exec(authorization);
    if (match?.[1] === undefined) return false;
    const key = createHmac('sha256', this.#key).update(match[1]).digest('base64');
    if (this.#verified.has(key)) return true;
    const pair = Buffer.from(match[1], 'base64').toString('utf8');
    const check = this.#users.get(pair.slice(0, Math.max(0, pair.indexOf(':'))));
    if (check === undefined) return false;
    if (this.#checking >= maxChecksAtOnce)
      throw new RegistryError('UNAUTHORIZED', {
        status: 429,
        message: 'too many sign-ins at once',
        headers: { 'retry-after': '1' },
      });
    this.#checking++;
    try {
      if (!(await check(pair.slice(pair.indexOf(':') + 1)))) return false;
    } finally {
      this.#checking--;
    }
    if (this.#verified.size >= maxVerified) this.#verified.clear();
    this.#verified.add(key);
    return true;
  }
}
