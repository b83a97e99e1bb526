/**
 * A request to an endpoint, with all that may stand between asking and being answered: http or https, authorisation,
 * redirects, retries. Answers carry whatever status remains after that.
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { Access, Authorizer } from './authorizer.ts';
import { discard } from './document-body.ts';
import type { Endpoint } from './endpoints.ts';
import type { HttpExchange } from './http-exchange.ts';
import { attempt, cancelled } from './network-failure.ts';
import type { RegistryTimeouts } from './registry-timeouts.ts';
import { type Refusal, readRefusal, retryAfterMs } from './response-failure.ts';

export interface SessionRequest extends Access {
  readonly method: string;
  /** `/v2/...` with its query, below the endpoint's base; or a whole URL the endpoint gave (uploads, pages). */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => Uint8Array | Readable;
  readonly connectMs?: number;
}

export interface SessionAnswer {
  readonly response: IncomingMessage;
  readonly status: number;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** The endpoint's base that answered. */
  readonly base: string;
  /** Whether credentials or a token went with the request that got this answer. */
  readonly asked: boolean;
}

const maxRedirects = 5;
const maxAuthRounds = 2;
const maxRetries = 3;

export class RegistrySession {
  readonly #exchange: HttpExchange;
  readonly #authorizer: Authorizer;
  readonly #isInsecure: (host: string) => boolean;
  readonly timeouts: RegistryTimeouts;
  /** The base that answered, for hosts that may speak plain HTTP. */
  readonly #bases = new Map<string, string>();

  constructor(
    exchange: HttpExchange,
    authorizer: Authorizer,
    isInsecure: (host: string) => boolean,
    timeouts: RegistryTimeouts,
  ) {
    this.#exchange = exchange;
    this.#authorizer = authorizer;
    this.#isInsecure = isInsecure;
    this.timeouts = timeouts;
  }

  /** @throws WharfError 'registry.*' | 'auth.*' | 'request.cancelled' */
  async request(request: SessionRequest): Promise<SessionAnswer> {
    const bases = this.#basesFor(request);
    const [only] = bases.length === 1 ? bases : [];
    if (only !== undefined) {
      return await this.#withRetries(only, request, true).catch((error: unknown) => {
        // A registry may come back over TLS, or without: the next request finds out.
        if (isWharfError(error, 'registry.unreachable')) this.#bases.delete(request.endpoint.host);
        throw error;
      });
    }
    let failure: unknown;
    for (const base of bases) {
      try {
        const answer = await this.#withRetries(base, request, false);
        this.#bases.set(request.endpoint.host, base);
        return answer;
      } catch (error) {
        // Only a host that never answered over TLS is asked over plain HTTP.
        if (!isWharfError(error) || !neverAnswered(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** The bases to try: where it is known which one answers, that one alone. */
  #basesFor({ endpoint, target }: SessionRequest): readonly string[] {
    const [first = ''] = endpoint.bases;
    // A whole URL was given by a base that answered; an upload may lie on another host, though.
    if (target instanceof URL) return [endpoint.bases.find((base) => new URL(base).origin === target.origin) ?? first];
    const answered = this.#bases.get(endpoint.host);
    const known = endpoint.bases.find((base) => base === answered);
    return known === undefined ? endpoint.bases : [known];
  }

  /** Reads a refusal of `answer`. */
  async refusal(answer: SessionAnswer, signal: AbortSignal): Promise<Refusal> {
    return await readRefusal(answer.response, answer.url, {
      maxBytes: 256 * 1024,
      timeoutMs: this.timeouts.documentMs,
      signal,
    });
  }

  async identityToken(base: string, access: Access): Promise<string> {
    return await this.#authorizer.identityToken(base, access);
  }

  async #withRetries(base: string, request: SessionRequest, certain: boolean): Promise<SessionAnswer> {
    const repeatable = request.method === 'GET' || request.method === 'HEAD';
    for (let tries = 1; ; tries++) {
      const last = !repeatable || tries >= maxRetries;
      const answer = await this.#authorized(base, request).catch((error: unknown) => {
        // A connection cut before the answer; where the scheme is still a guess, the other one is tried instead.
        if (last || !certain || !isWharfError(error, 'registry.failed')) throw error;
      });
      const own = this.timeouts.retryPauseMs * 2 ** (tries - 1);
      const waitMs = answer === undefined ? own : last ? undefined : this.#retryPause(answer, own);
      if (answer !== undefined && waitMs === undefined) return answer;
      if (answer !== undefined) discard(answer.response);
      await pause(waitMs, undefined, { signal: AbortSignal.any([request.signal]) }).catch(() => {
        throw cancelled(request.signal);
      });
    }
  }

  /** How long to wait before asking again; undefined when the answer stands. */
  #retryPause(answer: SessionAnswer, own: number): number | undefined {
    const asked = retryAfterMs(answer.response.headers['retry-after']);
    if (answer.status === 429) return asked !== undefined && asked <= this.timeouts.retryAfterMaxMs ? asked : undefined;
    if (answer.status !== 502 && answer.status !== 503 && answer.status !== 504) return undefined;
    return Math.min(asked ?? own, this.timeouts.retryAfterMaxMs);
  }

  async #authorized(base: string, request: SessionRequest): Promise<SessionAnswer> {
    let authorization = await this.#authorizer.header(base, request);
    for (let round = 0; ; round++) {
      const answer = await this.#redirected(base, request, authorization);
      const challenge = answer.response.headers['www-authenticate'];
      if (answer.status !== 401 || challenge === undefined || round >= maxAuthRounds) return answer;
      const next = await this.#authorizer.afterRefusal(base, challenge, authorization, request);
      if (next === undefined) return answer;
      discard(answer.response);
      authorization = next;
    }
  }

  async #redirected(base: string, request: SessionRequest, authorization: string | undefined): Promise<SessionAnswer> {
    const { method, signal, connectMs } = request;
    const start = typeof request.target === 'string' ? new URL(base + request.target) : request.target;
    const home = new URL(base).origin;
    let url = start;
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const headers = { ...request.headers };
      // Blob stores are other hosts: they must not see the registry's token, and refuse requests that carry one.
      if (authorization !== undefined && url.origin === home) headers.authorization = authorization;
      const insecureTls = url.origin === home ? request.endpoint.insecure : this.#isInsecure(url.host);
      const response = await this.#exchange.send({
        method,
        url,
        headers,
        body: request.body?.(),
        insecureTls,
        home: new URL(base).host,
        connectMs,
        signal,
      });
      const status = response.statusCode ?? 0;
      const location = response.headers.location;
      const follows = (method === 'GET' || method === 'HEAD') && [301, 302, 303, 307, 308].includes(status);
      if (!follows || location === undefined)
        return { response, status, url, base, asked: authorization !== undefined };
      discard(response);
      url = this.#checkedRedirect(url, location);
    }
    throw new WharfError('registry.protocol', `${attempt(method, start)}: stopped after ${maxRedirects} redirects`);
  }

  #checkedRedirect(from: URL, location: string): URL {
    const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    const sound =
      next !== undefined && (next.protocol === 'https:' || next.protocol === 'http:') && next.username === '';
    if (!sound || (next.protocol === 'http:' && from.protocol === 'https:' && !this.#isInsecure(next.host))) {
      throw new WharfError('registry.protocol', `${attempt('GET', from)}: redirected to an unusable address`);
    }
    return next;
  }
}

/** The URL of a `Location` or `Link` the endpoint gave, which may be relative. */
export function locationUrl(answer: SessionAnswer, location: string, endpoint: Endpoint): URL {
  const url = URL.canParse(location, answer.url.href) ? new URL(location, answer.url) : undefined;
  const plainFromTls = url?.protocol === 'http:' && answer.url.protocol === 'https:' && !endpoint.insecure;
  if (url === undefined || !/^https?:$/.test(url.protocol) || plainFromTls) {
    throw new WharfError('registry.protocol', `${endpoint.host}: the registry sent an unusable Location`);
  }
  return url;
}

/** Nothing of HTTP came back: the host is down, or speaks something else than was tried. */
export function neverAnswered(error: WharfError): boolean {
  return error.code === 'registry.unreachable' || error.code === 'registry.timeout' || error.code === 'registry.failed';
}
