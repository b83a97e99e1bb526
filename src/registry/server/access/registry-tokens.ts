/**
 * Tokens for registries that let anonymous readers in. Clients such as docker and skopeo learn at `/v2/` how to sign in: an
 * open door there would hide that pushing needs a user, and a Basic challenge would keep readers out. A token service serves
 * both: it gives readers a token of nobody, and users theirs. Source: the distribution project's token specification.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

export const tokenPath = '/v2/_wharf/token';
export const tokenLifeSeconds = 300;
/** Who holds a token may have the next one for it, so that a page need not keep the password; for this long. */
const sessionLifeMs = 12 * 60 * 60 * 1000;
const service = 'wharf-registry';

interface TokenClaims {
  readonly user: string;
  /** Unix times in milliseconds: the token's end, and the sign-in it goes back to. */
  readonly until: number;
  readonly since: number;
}

export class RegistryTokens {
  /** New with each start: older tokens are refused then, and clients ask for others. */
  readonly #key = randomBytes(32);

  /**
   * @param user empty for a reader without a name
   * @param sinceMs when the password was given
   */
  issue(user: string, nowMs = Date.now(), sinceMs = nowMs): string {
    const claims: TokenClaims = { user, until: nowMs + tokenLifeSeconds * 1000, since: sinceMs };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return `${payload}.${this.#sign(payload).toString('base64url')}`;
  }

  /** The user a token was given to; undefined when it is forged, spoilt or too old. */
  userOf(token: string, nowMs = Date.now()): string | undefined {
    return this.#claimsOf(token, nowMs)?.user;
  }

  /** The next token of the same sign-in; undefined when the sign-in is too long ago, or the token no good any more. */
  renew(token: string, nowMs = Date.now()): string | undefined {
    const claims = this.#claimsOf(token, nowMs);
    if (claims === undefined || nowMs - claims.since > sessionLifeMs) return undefined;
    return this.issue(claims.user, nowMs, claims.since);
  }

  #claimsOf(token: string, nowMs: number): TokenClaims | undefined {
    const [payload = '', signature = ''] = token.slice(0, 4096).split('.');
    const given = Buffer.from(signature, 'base64url');
    const right = this.#sign(payload);
    if (given.byteLength !== right.byteLength || !timingSafeEqual(given, right)) return undefined;
    // Signed by us, so it is of our shape.
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as TokenClaims;
    return claims.until > nowMs ? claims : undefined;
  }

  #sign(payload: string): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest();
  }
}

/** The challenge that sends a client to the token service, by the address it came to. */
export function bearerChallenge(request: IncomingMessage): string {
  const secure = request.socket instanceof TLSSocket || request.headers['x-forwarded-proto'] === 'https';
  const host =
    /^[A-Za-z0-9.:[\]-]{1,255}$/.exec(request.headers.host ?? '')?.[0] ??
    `${request.socket.localAddress}:${request.socket.localPort}`;
  return `Bearer realm="${secure ? 'https' : 'http'}://${host}${tokenPath}",service="${service}"`;
}
