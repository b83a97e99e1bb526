/** Who may do what: everybody everything, or the users of an htpasswd file, or these and anonymous readers. */
import { createHmac, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type PasswordCheck, parseHtpasswd } from './htpasswd.ts';
import { RegistryError } from './registry-error.ts';
import { bearerChallenge, RegistryTokens, tokenLifeSeconds } from './registry-tokens.ts';

export interface AccessRules {
  /** Path of the users file; it is read again when it changes. */
  readonly htpasswd: string;
  /** Pulling needs no user. */
  readonly anonymousRead: boolean;
}

const maxVerified = 256;
const maxChecksAtOnce = 8;
const basicChallenge = 'Basic realm="Wharf registry", charset="UTF-8"';

export class AccessControl {
  readonly #rules: AccessRules;
  /** Credentials that were right: a password hash takes 50 ms, and a push has hundreds of requests. Keyed, so no password is kept. */
  readonly #verified = new Set<string>();
  readonly #key = randomBytes(32);
  readonly #tokens = new RegistryTokens();
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

  /**
   * @param isPing whether the request only asks whether, and how, to sign in (`/v2/`)
   * @throws RegistryError 'UNAUTHORIZED' with the challenge
   */
  async check(request: IncomingMessage, isPing: boolean): Promise<void> {
    await this.load();
    const { authorization } = request.headers;
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const { anonymousRead } = this.#rules;
    // Credentials that are sent must be right even where none are needed: `login` relies on it.
    if (authorization === undefined && anonymousRead && reads && !isPing) return;
    if (authorization !== undefined && (await this.#mayPass(authorization, anonymousRead && reads))) return;
    const header = anonymousRead ? bearerChallenge(request) : basicChallenge;
    throw new RegistryError('UNAUTHORIZED', { headers: { 'www-authenticate': header } });
  }

  /** Gives a token to the user of a Basic header, or to a nameless reader. @throws RegistryError 'UNAUTHORIZED' */
  async token(authorization: string | undefined): Promise<{ token: string; expires_in: number }> {
    await this.load();
    if (!this.#rules.anonymousRead) throw new RegistryError('NOT_FOUND');
    const user = authorization === undefined ? '' : await this.#userOfBasic(authorization);
    if (user === undefined)
      throw new RegistryError('UNAUTHORIZED', { headers: { 'www-authenticate': basicChallenge } });
    return { token: this.#tokens.issue(user), expires_in: tokenLifeSeconds };
  }

  async #mayPass(authorization: string, namelessToo: boolean): Promise<boolean> {
    const token = /^Bearer (\S{1,4096})$/i.exec(authorization)?.[1];
    if (token === undefined) return (await this.#userOfBasic(authorization)) !== undefined;
    const user = this.#tokens.userOf(token);
    return user === '' ? namelessToo : user !== undefined && this.#users.has(user);
  }

  async #userOfBasic(authorization: string): Promise<string | undefined> {
    const match = /^Basic ([A-Za-z0-9+/=]{1,2048})$/i.exec(authorization);
    if (match?.[1] === undefined) return undefined;
    const pair = Buffer.from(match[1], 'base64').toString('utf8');
    const user = pair.slice(0, Math.max(0, pair.indexOf(':')));
    const key = createHmac('sha256', this.#key).update(match[1]).digest('base64');
    if (this.#verified.has(key)) return user;
    const check = this.#users.get(user);
    if (check === undefined) return undefined;
    if (this.#checking >= maxChecksAtOnce)
      throw new RegistryError('UNAUTHORIZED', {
        status: 429,
        message: 'too many sign-ins at once',
        headers: { 'retry-after': '1' },
      });
    this.#checking++;
    try {
      if (!(await check(pair.slice(pair.indexOf(':') + 1)))) return undefined;
    } finally {
      this.#checking--;
    }
    if (this.#verified.size >= maxVerified) this.#verified.clear();
    this.#verified.add(key);
    return user;
  }
}
