/**
 * One HTTP request and the head of its answer: keep-alive pools, proxies, time limits, cancellation.
 * The body is the caller's to read, by `document-body.ts` or `blob-body.ts`, which bound time and size.
 */
import { once } from 'node:events';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createSecureContext, getCACertificates, type SecureContext, TLSSocket } from 'node:tls';
import { type AgentPair, createAgents, type Dial } from './dialling-agents.ts';
import type { HostCertificates, TlsMaterial } from './host-certificates.ts';
import { cancelled, networkFailure, timedOut } from './network-failure.ts';
import type { ProxyRules } from './proxy-rules.ts';
import type { RegistryTimeouts } from './registry-timeouts.ts';
import { isSocksProxy, socksDial } from './socks-dial.ts';

export interface ExchangeRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is consumed; a repeat needs a new one. */
  readonly body?: Uint8Array | Readable;
  /** Accept any certificate. */
  readonly insecureTls: boolean;
  /** `host[:port]` of the registry this is asked for, whose authorities count too. */
  readonly home?: string;
  readonly connectMs?: number;
  readonly signal: AbortSignal;
}

export interface HttpExchangeOptions {
  readonly timeouts: RegistryTimeouts;
  readonly proxies: ProxyRules;
  readonly userAgent: string;
  readonly certificates: HostCertificates;
  /** Absent: connections are made here. Connections to an HTTP proxy always are. */
  readonly dial?: Dial | undefined;
}

const maxContexts = 64;

export class HttpExchange {
  readonly #options: HttpExchangeOptions;
  readonly #direct: AgentPair;
  readonly #proxied: AgentPair;
  /** For one request each; Node's own when connections are made here. */
  readonly #fresh: AgentPair | { readonly http: false; readonly https: false };
  #trust: SecureContext | undefined;
  /** Of hosts with certificates of their own, by fingerprint: making one takes some 20 ms. */
  readonly #contexts = new Map<string, SecureContext>();

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
    const pool = { keepAlive: true, maxFreeSockets: 8, timeout: 0 };
    const { http, https } = options.proxies;
    this.#direct = createAgents(pool, options.dial);
    const through = (proxy: string): AgentPair => {
      if (isSocksProxy(proxy)) return createAgents(pool, socksDial(proxy, options.timeouts.connectMs, options.dial));
      const proxyEnv = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
      return { http: new HttpAgent({ ...pool, proxyEnv }), https: new HttpsAgent({ ...pool, proxyEnv }) };
    };
    this.#fresh =
      options.dial === undefined ? { http: false, https: false } : createAgents({ keepAlive: false }, options.dial);
    // Without a proxy for it, a protocol's connections are direct ones whatever the exceptions say.
    this.#proxied = {
      http: (http === undefined ? this.#direct : through(http)).http,
      https: (https === undefined ? this.#direct : through(https)).https,
    };
  }

  /**
   * @returns the answer, whatever its status, its body not read yet.
   * @throws WharfError 'registry.unreachable' | 'registry.timeout' | 'registry.failed' | 'registry.protocol' | 'request.cancelled'
   */
  async send(request: ExchangeRequest): Promise<IncomingMessage> {
    if (request.signal.aborted) throw cancelled(request.signal);
    try {
      return await this.#once(request);
    } catch (failure) {
      if (request.signal.aborted) throw cancelled(request.signal);
      // The server may close an idle pooled connection just as it is taken; nothing was processed then.
      const stale = failure instanceof StaleConnection;
      if (stale && !(request.body instanceof Readable))
        return await this.#once(request, true).catch((error) => {
          throw request.signal.aborted
            ? cancelled(request.signal)
            : networkFailure(unwrap(error), request.method, request.url);
        });
      throw networkFailure(unwrap(failure), request.method, request.url);
    }
  }

  /** Closes pooled connections. */
  close(): void {
    for (const agent of [this.#direct.http, this.#direct.https, this.#proxied.http, this.#proxied.https])
      agent.destroy();
  }

  async #once(request: ExchangeRequest, fresh = false): Promise<IncomingMessage> {
    const outgoing = this.#open(request, fresh);
    const { method, url } = request;
    const limit = request.connectMs ?? this.#options.timeouts.connectMs;
    const connectTimer = setTimeout(() => outgoing.destroy(timedOut(method, url, 'connecting')), limit);
    outgoing.once('socket', (socket) => whenConnected(socket, () => clearTimeout(connectTimer)));
    outgoing.setTimeout(this.#options.timeouts.idleMs, () =>
      outgoing.destroy(timedOut(method, url, 'waiting for the answer')),
    );
    const answered = once(outgoing, 'response');
    // Nothing may be left unhandled when the upload fails before the answer is awaited.
    answered.catch(() => undefined);
    try {
      const upload = request.body instanceof Readable ? sendStream(request.body, outgoing) : undefined;
      if (upload === undefined) outgoing.end(request.body);
      // A server may refuse in the middle of an upload: then its answer counts, not the broken pipe.
      const [response] = await (upload === undefined
        ? answered
        : Promise.race([answered, upload.then(() => answered)]).catch(() => answered));
      outgoing.setTimeout(0);
      return response;
    } catch (error) {
      outgoing.destroy();
      if (outgoing.reusedSocket && isReset(error)) throw new StaleConnection(error);
      throw error;
    } finally {
      clearTimeout(connectTimer);
    }
  }

  #open(request: ExchangeRequest, fresh: boolean): ClientRequest {
    const { url, method } = request;
    const agents = this.#options.proxies.bypasses(url) ? this.#direct : this.#proxied;
    const length = request.body instanceof Uint8Array ? { 'content-length': String(request.body.byteLength) } : {};
    const common = {
      method,
      // A derived signal: one caller's signal serves many requests, and each would add a listener to it.
      signal: AbortSignal.any([request.signal]),
      headers: { 'user-agent': this.#options.userAgent, 'accept-encoding': 'identity', ...length, ...request.headers },
    };
    if (url.protocol === 'http:') {
      const own = fresh && agents.http === this.#direct.http ? this.#fresh.http : agents.http;
      return httpRequest(url, { ...common, agent: own });
    }
    return httpsRequest(url, {
      ...common,
      ...this.#tlsOf(request),
      agent: fresh && agents.https === this.#direct.https ? this.#fresh.https : agents.https,
    });
  }

  #tlsOf({ url, home, insecureTls }: ExchangeRequest) {
    const material = this.#options.certificates.forConnection(url, home);
    if (material.fingerprint === '') {
      return insecureTls ? { rejectUnauthorized: false } : { secureContext: this.#trusted() };
    }
    return {
      rejectUnauthorized: !insecureTls,
      secureContext: this.#contextOf(material),
      // Nothing to a client but a part of the pool's key: a connection that other certificates made is not used.
      sessionIdContext: material.fingerprint.slice(0, 32),
    };
  }

  #contextOf({ authorities, shown, fingerprint }: TlsMaterial): SecureContext {
    const known = this.#contexts.get(fingerprint);
    if (known !== undefined) return known;
    const context = createSecureContext({
      ca: [...machineAuthorities(), ...authorities],
      cert: shown.map(({ cert }) => cert),
      key: shown.map(({ key }) => key),
    });
    if (this.#contexts.size >= maxContexts) this.#contexts.clear();
    this.#contexts.set(fingerprint, context);
    return context;
  }

  #trusted(): SecureContext {
    this.#trust ??= createSecureContext({ ca: [...machineAuthorities()] });
    return this.#trust;
  }
}

/** The machine's own certificate authorities count beside Node's: companies install theirs there. */
function machineAuthorities(): readonly string[] {
  return [...getCACertificates('default'), ...getCACertificates('system')];
}

class StaleConnection extends Error {
  constructor(cause: unknown) {
    super('a pooled connection was closed by the server', { cause });
  }
}

function unwrap(error: unknown): unknown {
  return error instanceof StaleConnection ? error.cause : error;
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function whenConnected(socket: Socket, done: () => void): void {
  const ready = !socket.connecting && !(socket instanceof TLSSocket && socket.getProtocol() === null);
  if (ready) done();
  else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', done);
}

async function sendStream(body: Readable, outgoing: ClientRequest): Promise<void> {
  await pipeline(body, outgoing);
}
