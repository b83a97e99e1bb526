/**
 * The schemas of the contract: plain JSON Schema objects made by a handful of functions, each carrying its TypeScript type.
 *
 * They are data: the daemon parses with them (`parse.ts`), the API reference is generated from them, and the client pays
 * nothing for them at start-up (a schema library costs the CLI a third of its start time; ADR 0001).
 *
 * Types made here are read-only, so that producers may hand over what they keep.
 */
declare const typeOf: unique symbol;

export type JsonSchemaType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'any';

export interface Schema<T = unknown> {
  readonly [typeOf]?: T;
  readonly type: JsonSchemaType;
  readonly nullable?: true;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** Of objects. */
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** Of maps: every value's schema. */
  readonly additionalProperties?: Schema;
  /** Of arrays. */
  readonly items?: Schema;
  /** `filters`: Docker's filter map, as JSON in a query. `json`: any JSON in a query. `string-or-list`: one string will do. */
  readonly format?: 'filters' | 'json' | 'string-or-list';
  readonly description?: string;
}

export interface OptionalSchema<T = unknown> extends Schema<T> {
  readonly optional: true;
}

/** Unlike `Schema<T>`, matches every schema whatever its type. */
// biome-ignore lint/suspicious/noExplicitAny: the upper bound of all schemas; T is used covariantly only
export type AnySchema = Schema<any>;

export type Static<S extends AnySchema> = S extends Schema<infer T> ? T : never;

type Fields = Readonly<Record<string, AnySchema>>;
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends OptionalSchema ? K : never }[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };
export type ObjectOf<F extends Fields> = Flat<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Static<F[K]> } & {
    readonly [K in OptionalKeys<F>]?: Static<F[K]>;
  }
>;

export const string: Schema<string> = { type: 'string' };
export const integer: Schema<number> = { type: 'integer' };
/** A whole number that is not negative. */
export const count: Schema<number> = { type: 'integer', minimum: 0 };
export const number: Schema<number> = { type: 'number' };
export const boolean: Schema<boolean> = { type: 'boolean' };
export const any: Schema<unknown> = { type: 'any' };
export const uint16: Schema<number> = { type: 'integer', minimum: 0, maximum: 65_535 };

export type Filters = Readonly<Record<string, readonly string[]>>;
export const filters: Schema<Filters> = {
  type: 'object',
  format: 'filters',
  description: 'Name to list of wanted values',
};
/** A query parameter that carries JSON. */
export const jsonText: Schema<unknown> = { type: 'any', format: 'json' };

export function oneOf<const V extends readonly string[]>(...values: V): Schema<V[number]> {
  return { type: 'string', enum: values };
}

/** A list of words that may be given as one string (Go's strslice). */
export const words: Schema<readonly string[]> = { type: 'array', items: string, format: 'string-or-list' };

export function list<S extends AnySchema>(items: S): Schema<readonly Static<S>[]> {
  return { type: 'array', items };
}

export function map<S extends AnySchema>(values: S): Schema<Readonly<Record<string, Static<S>>>> {
  return { type: 'object', additionalProperties: values };
}

export function nullable<S extends AnySchema>(schema: S): Schema<Static<S> | null> {
  return { ...schema, nullable: true };
}

export function optional<S extends AnySchema>(schema: S): OptionalSchema<Static<S>> {
  return { ...schema, optional: true };
}

/** Absent or null, as Go's encoder writes an empty slice or map. */
export function maybe<S extends AnySchema>(schema: S): OptionalSchema<Static<S> | null> {
  return { ...schema, nullable: true, optional: true };
}

export function described<S extends AnySchema>(schema: S, description: string): S {
  return { ...schema, description };
}

export function object<const F extends Fields>(properties: F): Schema<ObjectOf<F>> {
  const required = Object.keys(properties).filter((name) => !('optional' in (properties[name] ?? {})));
  return { type: 'object', properties, required };
}

/** An object all of whose fields may be missing: what Go's decoder makes of any request. */
export function partial<const F extends Fields>(properties: F): Schema<{ readonly [K in keyof F]?: Static<F[K]> }> {
  return { type: 'object', properties, required: [] };
}

/** `{}`: the value type of Go's `map[string]struct{}`. */
export const emptyObject: Schema<Readonly<Record<string, never>>> = { type: 'object' };
export const stringSet: Schema<Readonly<Record<string, Readonly<Record<string, never>>>>> = {
  type: 'object',
  additionalProperties: emptyObject,
};
