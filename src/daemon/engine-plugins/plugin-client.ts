/**
 * Docker's plugin protocol: JSON over HTTP POST, `/Interface.Method`, on a UNIX socket or TCP (docs.docker.com, "Docker Plugin
 * API"). A plugin that can not be reached is asked again with growing pauses; one that answers is not.
 */
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { WharfError } from '../../contract/errors.ts';

/** What a spec file's TLSConfig says. */
export interface PluginTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly insecureSkipVerify: boolean;
}

export type PluginAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: PluginTls };

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Of one try. */
  readonly timeoutMs?: number;
  /** How long a plugin that can't be reached is asked again; 0 for one try. */
  readonly retryMs?: number;
}

const acceptedType = 'application/vnd.docker.plugins.v1.2+json';
const maxAnswerBytes = 8 * 1024 * 1024;
const defaultTimeoutMs = 60_000;
const defaultRetryMs = 30_000;
const longestPauseMs = 30_000;

export class PluginClient {
  readonly address: PluginAddress;
  readonly #warn: (message: string) => void;
  #tls: Readonly<Record<string, unknown>> | undefined;

  constructor(address: PluginAddress, warn: (message: string) => void) {
    this.address = address;
    this.#warn = warn;
  }

  /**
   * The answer as it was parsed; not yet looked at.
   * @throws WharfError 'plugin.failed' with the plugin's own words, or with why it could not be reached
   */
  async call(method: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    const startedMs = performance.now();
    const { retryMs = defaultRetryMs, signal } = options;
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      const answer = await this.#post(method, body, options).catch((error: unknown) => ({ error }));
      if (!('error' in answer)) return parseAnswer(method, answer);
      const pauseMs = Math.min(1000 * 2 ** tries, longestPauseMs);
      if (signal?.aborted || performance.now() - startedMs + pauseMs >= retryMs)
        throw unreachable(method, answer.error);
      this.#warn(`plugins: ${method}: ${textOf(answer.error)}; asking again in ${pauseMs / 1000} s`);
      await delay(pauseMs, undefined, { signal });
    }
  }

  async #post(method: string, body: unknown, options: CallOptions): Promise<RawAnswer> {
    const content = body === undefined ? '' : JSON.stringify(body);
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    const isTls = this.address.kind === 'tcp' && this.address.tls !== undefined;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = (isTls ? httpsRequest : httpRequest)(
        {
          method: 'POST',
          path: `/${method}`,
          headers: {
            Accept: acceptedType,
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(content),
          },
          agent: false,
          signal,
          ...this.#target(),
        },
        resolve,
      );
      request.once('error', reject);
      request.end(content);
    });
    return { status: response.statusCode ?? 0, text: await readText(response) };
  }

  #target(): RequestOptions {
    const { address } = this;
    if (address.kind === 'unix') return { socketPath: address.path, host: 'plugin.moby.localhost' };
    if (address.tls !== undefined) this.#tls ??= readTls(address.tls);
    return { host: address.host, port: address.port, ...this.#tls };
  }
}

interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

function readTls(tls: PluginTls): Readonly<Record<string, unknown>> {
  const read = (path: string) => (path === '' ? undefined : readFileSync(path));
  return {
    ca: read(tls.caFile),
    cert: read(tls.certFile),
    key: read(tls.keyFile),
    rejectUnauthorized: !tls.insecureSkipVerify,
  };
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > maxAnswerBytes) throw new WharfError('plugin.failed', 'the plugin answers with more than 8 MiB');
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An error comes as another status than 200, or in `Err` of an answer with 200. */
function parseAnswer(method: string, { status, text }: RawAnswer): unknown {
  let document: unknown;
  try {
    document = text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    if (status === 200) throw new WharfError('plugin.failed', `${method}: the answer is not JSON`, { cause });
  }
  const err = textField(document, 'Err');
  if (status !== 200) throw new WharfError('plugin.failed', `${method}: ${err === '' ? text.trim() : err}`);
  if (err !== '') throw new WharfError('plugin.failed', err);
  return document;
}

function unreachable(method: string, cause: unknown): WharfError {
  if (cause instanceof WharfError) return cause;
  return new WharfError('plugin.failed', `${method}: ${textOf(cause)}`, {
    cause,
    hint: 'Check that the plugin runs and listens where its socket or spec file says.',
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A field of an answer as text; '' when it is missing or something else. */
export function textField(document: unknown, name: string): string {
  const value = field(document, name);
  return typeof value === 'string' ? value : '';
}

export function field(document: unknown, name: string): unknown {
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, name)) return undefined;
  return (document as Readonly<Record<string, unknown>>)[name];
}

export function listField(document: unknown, name: string): readonly unknown[] {
  const value = field(document, name);
  return Array.isArray(value) ? value : [];
}
