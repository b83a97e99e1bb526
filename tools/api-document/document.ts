/** The engine's published API document (Swagger 2.0): which operation a request is, and what its answers must look like. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isObject, type Json, type JsonObject, type Resolve } from './check-value.ts';

export interface Operation {
  /** As the document spells it: `GET /containers/{id}/json`. */
  readonly name: string;
  readonly produces: readonly string[];
  readonly responses: ReadonlyMap<number, JsonObject>;
}

export interface ApiDocument {
  readonly operations: readonly Operation[];
  readonly resolve: Resolve;
  find(method: string, path: string): Operation | undefined;
}

const methods = ['get', 'head', 'post', 'put', 'delete'];

/** @throws Error when the file is no such document */
export function readDocument(file: string): ApiDocument {
  const root: Json = parse(readFileSync(file, 'utf8'));
  if (!isObject(root) || !isObject(root.paths)) throw new Error(`${file} is no API document`);
  const fallback = texts(root.produces);
  const rows = Object.entries(root.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = isObject(item) ? item[method] : undefined;
      if (!isObject(operation)) return [];
      const row = { ...operationOf(`${method.toUpperCase()} ${path}`, operation, fallback) };
      return [{ ...row, matches: new RegExp(`^${path.replace(/\{name\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`) }];
    }),
  );
  // `/images/get` is an operation of its own: the spelled-out path goes before `/images/{name}/get`.
  rows.sort((a, b) => a.name.split('{').length - b.name.split('{').length);
  return {
    operations: rows,
    resolve: (reference) => resolve(root, reference),
    find: (method, path) => rows.find((row) => row.name.startsWith(`${method} `) && row.matches.test(path)),
  };
}

function operationOf(name: string, operation: JsonObject, fallback: readonly string[]): Operation {
  const responses = isObject(operation.responses) ? operation.responses : {};
  return {
    name,
    produces: operation.produces === undefined ? fallback : texts(operation.produces),
    responses: new Map(
      Object.entries(responses).flatMap(([status, answer]) => (isObject(answer) ? [[Number(status), answer]] : [])),
    ),
  };
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function resolve(root: JsonObject, reference: string): JsonObject {
  let found: Json | undefined = root;
  for (const part of reference.replace(/^#\//, '').split('/')) found = isObject(found) ? found[part] : undefined;
  if (!isObject(found)) throw new Error(`the document has no ${reference}`);
  return found;
}
