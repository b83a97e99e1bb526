/** What a handler is given and what it answers, by the kind of its route's response. */
import type { Readable } from 'node:stream';
import type { EngineRoutes, OperationName } from '../../contract/engine-routes.ts';
import type { BodyOf, ParamsOf, QueryOf, ResultOf, RouteSpec } from '../../contract/route.ts';
import type { AnySchema } from '../../contract/schema.ts';
import type { StreamSession } from '../containers/container-service.ts';

export interface RequestContext<R extends RouteSpec = RouteSpec> {
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  /** Parsed; undefined when it was optional and not sent. */
  readonly body: R['body'] extends AnySchema
    ? R extends { readonly bodyOptional: true }
      ? BodyOf<R> | undefined
      : BodyOf<R>
    : undefined;
  /** The request's raw bytes, for routes with `bodyBytes`. */
  readonly upload: Readable;
  /** By name in lower case. */
  header(name: string): string | undefined;
  /** As asked for in the path: '1.43'. */
  readonly apiVersion: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Sends status and headers now, the answer later (container wait). Errors after this cut the connection. */
  flushHead(): void;
}

/** Where a json-stream handler writes its documents. */
export interface DocumentOutput<T = unknown> {
  /**
   * A slow reader never grows our memory without bound: progress updates are dropped while it lags (`lossy`), and it is
   * cut off when it leaves 16 MiB of anything else unread.
   */
  send(document: T, options?: { readonly lossy?: boolean }): void;
  /** One document, already JSON. */
  sendText(json: string): void;
  /** Sends the headers before the first document. */
  flushHead(): void;
  /** Before the first document only. */
  setHeader(name: string, value: string): void;
}

export interface EmptyReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TextReply {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface BytesReply {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

export interface RawReply {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

type MaybePromise<T> = T | Promise<T>;

export type HandlerOf<R extends RouteSpec> = R['response'] extends 'json'
  ? (context: RequestContext<R>) => MaybePromise<ResultOf<R>>
  : R['response'] extends 'text'
    ? (context: RequestContext<R>) => MaybePromise<TextReply>
    : R['response'] extends 'empty'
      ? // biome-ignore lint/suspicious/noConfusingVoidType: handlers that answer nothing are async functions without a return
        (context: RequestContext<R>) => MaybePromise<EmptyReply | undefined | void>
      : R['response'] extends 'json-stream'
        ? (context: RequestContext<R>, output: DocumentOutput<ResultOf<R>>) => Promise<void>
        : R['response'] extends 'bytes'
          ? (context: RequestContext<R>) => Promise<BytesReply>
          : R['response'] extends 'raw-stream'
            ? (context: RequestContext<R>) => Promise<RawReply>
            : R['response'] extends 'hijack'
              ? (context: RequestContext<R>) => Promise<StreamSession | undefined>
              : never;

export type Handlers = { readonly [N in OperationName]: HandlerOf<EngineRoutes[N]> };
export type HandlersFor<N extends OperationName> = Pick<Handlers, N>;
