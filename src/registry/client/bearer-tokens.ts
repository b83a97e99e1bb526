/**
 * Tokens of registries that answer `WWW-Authenticate: Bearer`.
 * Source: the distribution project's token authentication specification, and its OAuth2 variant for identity tokens.
 */
import { createHash } from 'node:crypto';
import { WharfError } from '../../contract/errors.ts';
import { isJsonObject, type JsonObject } from '../../oci/json-fields.ts';
import { readDocument } from './document-body.ts';
import type { HttpExchange } from './http-exchange.ts';
import { attempt } from './network-failure.ts';
import type { RegistryAuth } from './registry-client.ts';
import type { RegistryTimeouts } from './registry-timeouts.ts';
import { isHtml, notARegistry, readRefusal, refusalError } from './response-failure.ts';

export interface TokenRequest {
  readonly realm: URL;
  readonly service: string;
  readonly scopes: readonly string[];
  readonly auth: RegistryAuth | undefined;
  readonly insecureTls: boolean;
  /** `host[:port]` of the registry that named the realm. */
  readonly home: string;
  /** Ask for a refresh token too (docker login). */
  readonly offline?: boolean;
  readonly signal: AbortSignal;
}

export interface Token {
  readonly value: string;
  readonly expiresAtMs: number;
  readonly refreshToken: string | undefined;
}

const clientId = 'wharf';
/** The specification's default and least life time. */
const leastLifeMs = 60_000;
const renewBeforeMs = 10_000;
const maxCached = 512;
const maxTokenBytes = 1024 * 1024;

export class BearerTokens {
  readonly #exchange: HttpExchange;
  readonly #timeouts: RegistryTimeouts;
  readonly #cache = new Map<string, Token>();

  constructor(exchange: HttpExchange, timeouts: RegistryTimeouts) {
    this.#exchange = exchange;
    this.#timeouts = timeouts;
  }

  /** @throws WharfError 'auth.denied' when the token service refuses the credentials, 'registry.*' */
  async get(request: TokenRequest): Promise<Token> {
    const key = cacheKey(request);
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.expiresAtMs - renewBeforeMs > performance.now()) return cached;
    const token = request.auth?.identitytoken ? await this.#byIdentityToken(request) : await this.#byPassword(request);
    this.#cache.delete(key);
    this.#cache.set(key, token);
    const oldest = this.#cache.keys().next();
    if (this.#cache.size > maxCached && !oldest.done) this.#cache.delete(oldest.value);
    return token;
  }

  /** Forgets a token the registry refused. */
  drop(request: TokenRequest): void {
    this.#cache.delete(cacheKey(request));
  }

  async #byPassword(request: TokenRequest): Promise<Token> {
    const url = new URL(request.realm);
    if (request.service !== '') url.searchParams.set('service', request.service);
    for (const scope of request.scopes) url.searchParams.append('scope', scope);
    const headers: Record<string, string> = { accept: 'application/json' };
    const { username, password } = request.auth ?? {};
    if (username) {
      url.searchParams.set('account', username);
      headers.authorization = basicAuthorization(username, password ?? '');
    }
    if (request.offline) {
      url.searchParams.set('offline_token', 'true');
      url.searchParams.set('client_id', clientId);
    }
    return await this.#fetch(request, 'GET', url, headers);
  }

  async #byIdentityToken(request: TokenRequest): Promise<Token> {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      service: request.service,
      client_id: clientId,
      scope: request.scopes.join(' '),
      refresh_token: request.auth?.identitytoken ?? '',
    });
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    return await this.#fetch(request, 'POST', new URL(request.realm), headers, Buffer.from(form.toString()));
  }

  async #fetch(
    request: TokenRequest,
    method: string,
    url: URL,
    headers: Record<string, string>,
    body?: Uint8Array,
  ): Promise<Token> {
    const { signal, insecureTls, home } = request;
    const response = await this.#exchange.send({ method, url, headers, body, insecureTls, home, signal });
    const limits = { maxBytes: maxTokenBytes, timeoutMs: this.#timeouts.documentMs, signal };
    if (response.statusCode !== 200) {
      const refusal = await readRefusal(response, url, limits);
      if (refusal.status !== 401 && refusal.status !== 403) throw refusalError(refusal, method, url);
      const said = refusal.text.startsWith('unexpected') ? 'authentication required' : refusal.text;
      throw new WharfError(
        'auth.denied',
        `${attempt(method, url)}: unauthorized: ${said.replace(/^unauthorized: /, '')}`,
        {
          hint: 'Check the user name and the password or token; sign in again with `wharf login`.',
        },
      );
    }
    if (isHtml(response)) throw notARegistry(method, url, 'a web page (HTML) instead of a token');
    return readToken((await readDocument(response, url, limits)).toString('utf8'), method, url);
  }
}

function readToken(text: string, method: string, url: URL): Token {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw notARegistry(method, url, 'something else than a token');
  }
  const object: JsonObject = isJsonObject(json) ? json : {};
  const value = object.token || object.access_token;
  // A token goes into a header: nothing in it may end that header.
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(value))
    throw notARegistry(method, url, 'no usable token');
  const seconds = typeof object.expires_in === 'number' && object.expires_in > 0 ? object.expires_in : 0;
  return {
    value,
    expiresAtMs: performance.now() + Math.max(leastLifeMs, Math.min(seconds, 86_400) * 1000),
    refreshToken: typeof object.refresh_token === 'string' ? object.refresh_token : undefined,
  };
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The credentials enter as a hash, so that a dump of the cache's keys tells none. */
function cacheKey(request: TokenRequest): string {
  const { auth } = request;
  const secret = JSON.stringify([auth?.username, auth?.password, auth?.identitytoken, request.offline ?? false]);
  const who = createHash('sha256').update(secret).digest('base64');
  return [request.realm.href, request.service, [...request.scopes].sort().join(' '), who].join('\n');
}
