import type { AnySchema, Static } from './schema.ts';

/**
 * What one row of the route table says (decision 1 of the architecture: one route table, as data).
 *
 * The daemon binds it, the typed client is derived from it, the API reference is generated from it.
 * `path` uses `{name}` for one segment and `{name:.*}` for a rest with slashes (image names).
 */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';

/**
 * How the answer comes:
 *  - json: one JSON document
 *  - empty: a status only (and headers)
 *  - text: plain text (`_ping`)
 *  - json-stream: newline-separated JSON documents until the end (pull progress, events, stats)
 *  - bytes: an octet stream (archives)
 *  - raw-stream: container output: framed by Docker's 8-byte headers when the container has no TTY, raw when it has
 *  - hijack: the connection is taken over after the headers, in both directions (attach, exec start)
 */
export type ResponseKind = 'json' | 'empty' | 'text' | 'json-stream' | 'bytes' | 'raw-stream' | 'hijack';

export interface RouteSpec {
  readonly method: HttpMethod;
  readonly path: string;
  /** First API version that has it, for example '1.24'. */
  readonly since: string;
  readonly summary: string;
  /** Path parameters; all strings. Derived from `path`, given for the types' sake. */
  readonly params?: readonly string[];
  /** Query parameters: an object schema; the binder converts strings to booleans and numbers as the schema says. */
  readonly query?: AnySchema;
  /** JSON request body. */
  readonly body?: AnySchema;
  /** Whether the body may be missing (exec start, container stop). */
  readonly bodyOptional?: boolean;
  /** The request carries raw bytes (archives, image load) instead of JSON. */
  readonly bodyBytes?: boolean;
  readonly response: ResponseKind;
  /** For json and json-stream: the schema of the (each) document. */
  readonly result?: AnySchema;
  /** Success status; 200 unless told. */
  readonly status?: number;
}

export function route<const R extends RouteSpec>(spec: R): R {
  return spec;
}

export type QueryOf<R extends RouteSpec> = R['query'] extends AnySchema
  ? Static<R['query']>
  : Readonly<Record<string, never>>;
export type BodyOf<R extends RouteSpec> = R['body'] extends AnySchema ? Static<R['body']> : undefined;
export type ResultOf<R extends RouteSpec> = R['result'] extends AnySchema ? Static<R['result']> : undefined;

type ParamNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Plain}:${string}` ? Plain : Name) | ParamNames<Rest>
  : never;
/** The path's parameters by name: `/containers/{id}/json` has `{id: string}`. */
export type ParamsOf<R extends RouteSpec> = Readonly<Record<ParamNames<R['path']>, string>>;
