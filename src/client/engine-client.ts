/**
 * The typed client of the engine, derived from the route table: an operation's name gives its parameters, query, body and
 * result. Works over any Transport; holds no state.
 *
 *   const engine = createEngineClient(transport);
 *   const list = await engine.call('ContainerList', { query: { all: true }, signal });
 */
import { type EngineRoutes, engineRoutes, type OperationName, type OperationsOf } from '../contract/engine-routes.ts';
import { WharfError } from '../contract/errors.ts';
import type { BodyOf, ParamsOf, QueryOf, ResultOf, RouteSpec } from '../contract/route.ts';
import type { AnySchema } from '../contract/schema.ts';
import { jsonLines } from './json-lines.ts';
import { readText } from './read-text.ts';
import { fillPath, queryText } from './request-path.ts';
import type { HijackedConnection, Transport, WireRequest, WireResponse } from './transport.ts';
import { wireError } from './wire-error.ts';

/** What lies beyond is no error message. */
const errorMaxBytes = 1024 * 1024;

type Empty = Record<never, never>;
type ParamsPart<R extends RouteSpec> = [keyof ParamsOf<R>] extends [never]
  ? { readonly params?: undefined }
  : { readonly params: ParamsOf<R> };
type QueryPart<R extends RouteSpec> = R['query'] extends AnySchema
  ? Empty extends QueryOf<R>
    ? { readonly query?: QueryOf<R> }
    : { readonly query: QueryOf<R> }
  : { readonly query?: undefined };
type BodyPart<R extends RouteSpec> = R['body'] extends AnySchema
  ? R extends { readonly bodyOptional: true }
    ? { readonly body?: BodyOf<R> }
    : { readonly body: BodyOf<R> }
  : { readonly body?: undefined };
type UploadPart<R extends RouteSpec> = R extends { readonly bodyBytes: true }
  ? { readonly upload?: Uint8Array | ReadableStream<Uint8Array> }
  : { readonly upload?: undefined };

export type CallOptions<N extends OperationName> = ParamsPart<EngineRoutes[N]> &
  QueryPart<EngineRoutes[N]> &
  BodyPart<EngineRoutes[N]> &
  UploadPart<EngineRoutes[N]> & {
    /** Such as X-Registry-Auth. Names in lower case. */
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
    /** Of streams: called when the engine has answered, before the first document (which may be long in coming). */
    readonly onOpen?: () => void;
  };
type Args<N extends OperationName> =
  Empty extends CallOptions<N> ? [options?: CallOptions<N>] : [options: CallOptions<N>];
export type CallResult<N extends OperationName> = EngineRoutes[N]['response'] extends 'text'
  ? string
  : ResultOf<EngineRoutes[N]>;

type AnyOptions = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly upload?: Uint8Array | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onOpen?: () => void;
};

/** Every method throws WharfError: the engine's own message, code and hint, or 'daemon.unreachable'. */
export interface EngineClient {
  readonly transport: Transport;
  /** One JSON document, a text, or nothing. A 304 (already started, already stopped) is success. */
  call<N extends OperationsOf<'json' | 'text' | 'empty'>>(name: N, ...args: Args<N>): Promise<CallResult<N>>;
  /** Documents as they come. Leaving the loop, or the signal, ends the request. */
  jsonStream<N extends OperationsOf<'json-stream'>>(
    name: N,
    ...args: Args<N>
  ): AsyncGenerator<ResultOf<EngineRoutes[N]>, void, undefined>;
  /** An archive. */
  bytes<N extends OperationsOf<'bytes'>>(
    name: N,
    ...args: Args<N>
  ): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly body: ReadableStream<Uint8Array> }>;
  /** Container output; framed (`stdcopy.ts`) or raw as the content type says. */
  rawStream<N extends OperationsOf<'raw-stream'>>(
    name: N,
    ...args: Args<N>
  ): Promise<{ readonly contentType: string; readonly body: ReadableStream<Uint8Array> }>;
  /** Takes the connection over: attach, exec start. */
  hijack<N extends OperationsOf<'hijack'>>(name: N, ...args: Args<N>): Promise<HijackedConnection>;
  /** Status and headers only; the body is thrown away. */
  head<N extends OperationName>(
    name: N,
    ...args: Args<N>
  ): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>> }>;
}

export function createEngineClient(transport: Transport): EngineClient {
  const send = async (name: OperationName, options: AnyOptions = {}): Promise<WireResponse> => {
    const response = await transport.request(wireRequest(engineRoutes[name], options), { signal: options.signal });
    if (response.status >= 400) throw wireError(response.status, await readText(response.body, errorMaxBytes));
    return response;
  };
  return {
    transport,
    async call<N extends OperationsOf<'json' | 'text' | 'empty'>>(name: N, ...args: Args<N>) {
      const response = await send(name, args[0]);
      const text = await readText(response.body);
      const kind: RouteSpec['response'] = engineRoutes[name].response;
      if (kind === 'text') return text as CallResult<N>;
      if (kind === 'empty' || text === '') return undefined as CallResult<N>;
      return parseJson(text) as CallResult<N>;
    },
    async *jsonStream<N extends OperationsOf<'json-stream'>>(name: N, ...args: Args<N>) {
      const options: AnyOptions = args[0] ?? {};
      const response = await send(name, options);
      options.onOpen?.();
      for await (const document of jsonLines(response.body)) yield document as ResultOf<EngineRoutes[N]>;
    },
    async bytes(name, ...args) {
      const { headers, body } = await send(name, args[0]);
      return { headers, body };
    },
    async rawStream(name, ...args) {
      const { headers, body } = await send(name, args[0]);
      return { contentType: headers['content-type'] ?? '', body };
    },
    hijack(name, ...args) {
      const options: AnyOptions = args[0] ?? {};
      return transport.hijack(wireRequest(engineRoutes[name], options), { signal: options.signal });
    },
    async head(name, ...args) {
      const { status, headers, body } = await send(name, args[0]);
      await body.cancel();
      return { status, headers };
    },
  };
}

function wireRequest(route: RouteSpec, options: AnyOptions): WireRequest {
  const path = fillPath(route.path, options.params ?? {}) + queryText(options.query);
  if (options.upload !== undefined) {
    const headers = { 'content-type': 'application/x-tar', ...options.headers };
    return { method: route.method, path, headers, body: options.upload };
  }
  if (options.body === undefined) return { method: route.method, path, headers: options.headers };
  return {
    method: route.method,
    path,
    headers: { 'content-type': 'application/json', ...options.headers },
    body: new TextEncoder().encode(JSON.stringify(options.body)),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WharfError('engine.protocol', `reading the engine's answer: not JSON: ${text.slice(0, 120)}`, { cause });
  }
}
