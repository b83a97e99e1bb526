/** Who may do what: everybody everything, or the users of an htpasswd file, or these and anonymous readers. */
import { createHmac, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../http/registry-error.ts';
import { type AccessRule, anonymous, type RepositoryAction, rulesAllow } from './access-rules.ts';
import { type PasswordCheck, parseHtpasswd } from './htpasswd.ts';
import { bearerChallenge, RegistryTokens, tokenLifeSeconds } from './registry-tokens.ts';

export interface AccessRules {
  /** Path of the users file; it is read again when it changes. */
  readonly htpasswd: string;
  /** Pulling needs no user. */
  readonly anonymousRead: boolean;
  /** Narrow what a signed-in user may do, repository by repository. */
  readonly rules?: readonly AccessRule[];
}

/** What a request is about; neither for the version check, nor for lists, which show what may be read. */
export interface Asked {
  readonly isPing: boolean;
  readonly repository?: string;
  readonly action: RepositoryAction;
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
   * @returns the user's name; empty for who did not sign in and needs not
   * @throws RegistryError 'UNAUTHORIZED' with the challenge | 'DENIED'
   */
  async check(request: IncomingMessage, asked: Asked): Promise<string> {
    await this.load();
    const { authorization } = request.headers;
    // Credentials that are sent must be right even where none are needed: `login` relies on it.
    const user = authorization === undefined ? '' : await this.#userOf(authorization);
    const { repository, action } = asked;
    const named = user !== undefined && user !== '';
    if (user !== undefined && (named || this.#lettingAnybodyIn(asked, authorization !== undefined))) {
      if (repository === undefined || this.may(user, repository, action)) return user;
      if (named) throw new RegistryError('DENIED', { detail: { repository, action } });
    }
    const header = this.#servesAnonymous ? bearerChallenge(request) : basicChallenge;
    throw new RegistryError('UNAUTHORIZED', { headers: { 'www-authenticate': header } });
  }

  /** Whether this user may, by the rules; `*` asks for all repositories. */
  may(user: string, repository: string, action: RepositoryAction): boolean {
    const { rules, anonymousRead } = this.#rules;
    if (user === '' && anonymousRead && action === 'read' && rules === undefined) return true;
    return rules === undefined ? user !== '' : rulesAllow(rules, user, repository, action);
  }

  /** Names of the users, in order. */
  async userNames(): Promise<readonly string[]> {
    await this.load();
    return [...this.#users.keys()].sort();
  }

  get isAnonymousRead(): boolean {
    return this.#servesAnonymous;
  }

  get #servesAnonymous(): boolean {
    return this.#rules.anonymousRead || (this.#rules.rules?.some((rule) => rule.users.includes(anonymous)) ?? false);
  }

  /** Nobody's ping is answered with yes only with a token in hand: a client learns there how to sign in. */
  #lettingAnybodyIn(asked: Asked, hasToken: boolean): boolean {
    if (!this.#servesAnonymous || (asked.isPing && !hasToken)) return false;
    return asked.action === 'read' || this.#rules.rules !== undefined;
  }

  /**
   * Gives a token to the user of a Basic header, to whoever still holds one, or to a nameless reader.
   * @throws RegistryError 'UNAUTHORIZED'
   */
  async token(authorization: string | undefined): Promise<{ token: string; expires_in: number }> {
    await this.load();
    const token = await this.#newToken(authorization);
    if (token === undefined)
      throw new RegistryError('UNAUTHORIZED', { headers: { 'www-authenticate': basicChallenge } });
    return { token, expires_in: tokenLifeSeconds };
  }

  async #newToken(authorization: string | undefined): Promise<string | undefined> {
    if (authorization === undefined) return this.#servesAnonymous ? this.#tokens.issue('') : undefined;
    const held = bearerToken(authorization);
    if (held === undefined) {
      const user = await this.#userOfBasic(authorization);
      return user === undefined ? undefined : this.#tokens.issue(user);
    }
    return (await this.#userOf(authorization)) === undefined ? undefined : this.#tokens.renew(held);
  }

  /** Undefined for credentials that are wrong; empty for a nameless reader's token. */
  async #userOf(authorization: string): Promise<string | undefined> {
    const token = bearerToken(authorization);
    if (token === undefined) return await this.#userOfBasic(authorization);
    const user = this.#tokens.userOf(token);
    return user === '' || (user !== undefined && this.#users.has(user)) ? user : undefined;
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

function bearerToken(authorization: string): string | undefined {
  return /^Bearer (\S{1,4096})$/i.exec(authorization)?.[1];
}
