/**
 * Requests to one S3 endpoint: signed, retried, bounded.
 *
 * 1. What may pass (500, 502, 503 and 504, "slow down", a cut connection) is tried again, later each time, with jitter.
 * 2. A request may have had its effect although its answer was lost: callers that care say so (see `S3Bucket.put`).
 * 3. An answer is read whole and is small, or is a stream of which the head was checked.
 */
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { CredentialSource } from './s3-credentials.ts';
import { canonicalQuery, encodedPath, sha256Hex, signedHeaders } from './s3-signature.ts';
import { elementText } from './s3-xml.ts';

export interface S3Endpoint {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000` */
  readonly url: string;
  readonly region: string;
  readonly bucket: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** '' is the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Uint8Array[];
  /** Statuses that are answers, beside 2xx; anything else throws. */
  readonly also?: readonly number[];
}

export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface RetryRules {
  readonly attempts: number;
  readonly firstDelayMs: number;
}

/** What S3 refused, or could not be asked. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  /** 0: there was no answer. */
  readonly status: number;
  /** S3's own, such as `AccessDenied`. */
  readonly code: string;
  constructor(message: string, about: { status: number; code: string; cause?: unknown }) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause });
    this.status = about.status;
    this.code = about.code;
  }

  /** Whether another try may succeed. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500 || passingCodes.has(this.code);
  }
}

/** A conditional write that met another one in the very moment, and a clock that was put right meanwhile. */
const passingCodes = new Set(['ConditionalRequestConflict', 'OperationAborted', 'RequestTimeout', 'SlowDown']);
const defaultRetries: RetryRules = { attempts: 7, firstDelayMs: 100 };
const maxDelayMs = 8_000;
const connectMs = 10_000;
/** No byte moved for this long. */
const silenceMs = 60_000;
const maxBodyBytes = 64 * 1024 * 1024;
const maxSockets = 128;

export class S3Client {
  readonly #endpoint: S3Endpoint;
  readonly #credentials: CredentialSource;
  readonly #retries: RetryRules;
  readonly #base: URL;
  readonly #agent: PlainAgent;

  constructor(endpoint: S3Endpoint, credentials: CredentialSource, retries: RetryRules = defaultRetries) {
    this.#endpoint = endpoint;
    this.#credentials = credentials;
    this.#retries = retries;
    this.#base = new URL(endpoint.url);
    const options = { keepAlive: true, maxSockets, timeout: silenceMs };
    this.#agent = this.#base.protocol === 'https:' ? new TlsAgent(options) : new PlainAgent(options);
  }

  get bucket(): string {
    return this.#endpoint.bucket;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @throws S3Error */
  async send(request: S3Request): Promise<S3Answer> {
    return await this.retrying(async () => {
      const answer = await this.#exchange(request);
      const body = await readWhole(answer, request);
      const status = answer.statusCode ?? 0;
      // S3 may begin a long answer with 200 and then tell of an error in its body (CompleteMultipartUpload, copies).
      const failed = (status < 200 || status > 299) && !request.also?.includes(status);
      if (failed || (status === 200 && request.method !== 'GET' && elementText(head(body), 'Error') !== undefined))
        throw refusal(request, status, answer.headers, body);
      return { status, headers: answer.headers, body };
    });
  }

  /** The body as a stream, or undefined for 404. One try: who reads knows where to go on. @throws S3Error */
  async open(request: S3Request): Promise<IncomingMessage | undefined> {
    const answer = await this.#exchange(request);
    const status = answer.statusCode ?? 0;
    if (status === 200 || status === 206) return answer;
    const body = await readWhole(answer, request);
    if (status === 404) return undefined;
    throw refusal(request, status, answer.headers, body);
  }

  /** Tries again while it fails with what may pass. @throws S3Error the last one */
  async retrying<T>(act: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof S3Error && error.isPassing) || attempt >= this.#retries.attempts) throw error;
        await this.pauseAfter(attempt);
      }
    }
  }

  async pauseAfter(attempt: number): Promise<void> {
    const most = Math.min(maxDelayMs, this.#retries.firstDelayMs * 2 ** (attempt - 1));
    await pause(most / 2 + (Math.random() * most) / 2);
  }

  get attempts(): number {
    return this.#retries.attempts;
  }

  async #exchange(request: S3Request): Promise<IncomingMessage> {
    const { body = [] } = request;
    const { host, path } = this.#addressOf(request.key);
    const length = body.reduce((sum, part) => sum + part.byteLength, 0);
    const query = request.query ?? {};
    const hasBody = length > 0 || request.method === 'PUT' || request.method === 'POST';
    const headers = signedHeaders(
      {
        method: request.method,
        path,
        query,
        headers: { host, ...request.headers },
        payloadHash: sha256Hex(...body),
      },
      { credentials: await this.#credentials(), region: this.#endpoint.region, at: new Date() },
    );
    const search = canonicalQuery(query);
    const options = {
      agent: this.#agent,
      method: request.method,
      host: host.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''),
      port: this.#base.port,
      path: search === '' ? path : `${path}?${search}`,
      headers: { ...headers, ...(hasBody ? { 'content-length': String(length) } : {}) },
    };
    return await new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        const about = `S3 ${request.method} ${request.key}: ${error.message}`;
        reject(new S3Error(about, { status: 0, code: 'Unreachable', cause: error }));
      };
      const sent = (this.#base.protocol === 'https:' ? tlsRequest : plainRequest)(options, resolve);
      const connecting = setTimeout(() => sent.destroy(new Error('no connection in time')), connectMs);
      sent.once('socket', (socket) => {
        if (!socket.connecting) clearTimeout(connecting);
        else socket.once('connect', () => clearTimeout(connecting));
      });
      sent.setTimeout(silenceMs, () => sent.destroy(new Error('no answer in time')));
      sent.once('close', () => clearTimeout(connecting));
      // Stays: an error after the answer began belongs to the answer's stream, and must not end the process.
      sent.on('error', failed);
      for (const part of body) sent.write(part);
      sent.end();
    });
  }

  #addressOf(key: string): { host: string; path: string } {
    const { bucket, pathStyle } = this.#endpoint;
    const root = this.#base.pathname.replace(/\/$/, '');
    const path = `${root}${pathStyle ? `/${bucket}` : ''}/${encodedPath(key)}`;
    return { host: pathStyle ? this.#base.host : `${bucket}.${this.#base.host}`, path };
  }
}

/** Where an error element would stand. */
function head(body: Buffer): string {
  return body.toString('utf8', 0, 4096);
}

async function readWhole(answer: IncomingMessage, request: S3Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      bytes += chunk.byteLength;
      if (bytes > maxBodyBytes) throw new RangeError(`an answer of S3 is larger than ${maxBodyBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const about = `S3 ${request.method} ${request.key}: the answer broke off`;
    throw new S3Error(about, { status: 0, code: 'Unreachable', cause: error });
  }
  return Buffer.concat(chunks);
}

function refusal(request: S3Request, status: number, headers: IncomingMessage['headers'], body: Buffer): S3Error {
  const text = head(body);
  const code = elementText(text, 'Code') ?? `HTTP ${status}`;
  const region = headers['x-amz-bucket-region'];
  const elsewhere = status === 301 || status === 400 ? region : undefined;
  const hint = elsewhere === undefined ? '' : ` (the bucket is in the region ${String(elsewhere)})`;
  const told = elementText(text, 'Message') ?? '';
  const about = `S3 ${request.method} ${request.key === '' ? 'of the bucket' : request.key}: ${code} ${told}${hint}`;
  return new S3Error(about.trim(), { status: status === 200 ? 500 : status, code });
}
