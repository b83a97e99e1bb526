/** Decides the Authorization header of requests to an endpoint, and learns from its challenges. */
import { WharfError } from '../../contract/errors.ts';
import { type BearerTokens, basicAuthorization, type TokenRequest } from './bearer-tokens.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Endpoint } from './endpoints.ts';
import type { RegistryAuth } from './registry-client.ts';

export interface Access {
  readonly endpoint: Endpoint;
  /** Such as `repository:library/busybox:pull`; empty for none. */
  readonly scopes: readonly string[];
  readonly auth: RegistryAuth | undefined;
  readonly offline?: boolean;
  readonly signal: AbortSignal;
}

export class Authorizer {
  readonly #tokens: BearerTokens;
  readonly #isInsecure: (host: string) => boolean;
  /** The last challenge of each base URL: it spares the refused request each time. */
  readonly #challenges = new Map<string, Challenge>();

  constructor(tokens: BearerTokens, isInsecure: (host: string) => boolean) {
    this.#tokens = tokens;
    this.#isInsecure = isInsecure;
  }

  /** The header to begin with; undefined before the endpoint has asked for any. */
  async header(base: string, access: Access): Promise<string | undefined> {
    if (access.auth?.registrytoken) return `Bearer ${access.auth.registrytoken}`;
    const challenge = this.#challenges.get(base);
    return challenge === undefined ? undefined : await this.#answer(base, challenge, access);
  }

  /**
   * After a 401: another header to try, or undefined when there is nothing else to offer.
   * @throws WharfError 'auth.denied' | 'registry.*'
   */
  async afterRefusal(
    base: string,
    header: string,
    refused: string | undefined,
    access: Access,
  ): Promise<string | undefined> {
    if (access.auth?.registrytoken) return undefined;
    const offered = parseChallenges(header);
    const challenge =
      offered.find((item) => item.scheme === 'bearer') ?? offered.find((item) => item.scheme === 'basic');
    if (challenge === undefined) return undefined;
    this.#challenges.set(base, challenge);
    if (challenge.scheme === 'bearer' && refused !== undefined)
      this.#tokens.drop(this.#tokenRequest(base, challenge, access));
    const next = await this.#answer(base, challenge, access);
    return next === refused ? undefined : next;
  }

  /** The refresh token a login got, if the endpoint's token service gives any. */
  async identityToken(base: string, access: Access): Promise<string> {
    const challenge = this.#challenges.get(base);
    if (challenge?.scheme !== 'bearer') return '';
    return (await this.#tokens.get(this.#tokenRequest(base, challenge, access))).refreshToken ?? '';
  }

  async #answer(base: string, challenge: Challenge, access: Access): Promise<string | undefined> {
    if (challenge.scheme === 'basic') {
      const { username, password } = access.auth ?? {};
      return username ? basicAuthorization(username, password ?? '') : undefined;
    }
    return `Bearer ${(await this.#tokens.get(this.#tokenRequest(base, challenge, access))).value}`;
  }

  #tokenRequest(base: string, challenge: Challenge, access: Access): TokenRequest {
    const realm = this.#checkedRealm(base, challenge);
    const asked = (challenge.parameters.get('scope') ?? '').split(' ').filter(Boolean);
    return {
      realm,
      service: challenge.parameters.get('service') ?? '',
      scopes: access.scopes.length > 0 ? access.scopes : asked,
      auth: access.auth,
      insecureTls: this.#isInsecure(realm.host),
      home: new URL(base).host,
      offline: access.offline,
      signal: access.signal,
    };
  }

  /** Credentials go to the realm, so a registry behind TLS may not send them over plain HTTP, nor hide a user in the URL. */
  #checkedRealm(base: string, challenge: Challenge): URL {
    const text = challenge.parameters.get('realm') ?? '';
    const realm = URL.canParse(text) ? new URL(text) : undefined;
    const plainAllowed = realm !== undefined && (base.startsWith('http:') || this.#isInsecure(realm.host));
    const fine = realm?.protocol === 'https:' || (realm?.protocol === 'http:' && plainAllowed);
    if (realm === undefined || !fine || realm.username !== '' || realm.password !== '') {
      throw new WharfError(
        'registry.protocol',
        `${base}: the registry names an unusable token service: ${JSON.stringify(text.slice(0, 200))}`,
      );
    }
    return realm;
  }
}
