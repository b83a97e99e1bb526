import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { engineRoutes } from '../../src/contract/engine-routes.ts';
import * as s from '../../src/contract/schema.ts';
import { Port } from '../../src/contract/types/containers.ts';
import { apiReference, groups } from './api-reference.ts';
import { referencePages } from './references.ts';
import { fieldTable, schemaText } from './schema-text.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('generated reference', () => {
  test.each(referencePages)('$path says what the code says', async (page) => {
    const stored = readFileSync(path.join(root, page.path), 'utf8');
    expect(stored === (await page.text()), 'stale: run `npx node tools/reference/main.ts`').toBe(true);
  });

  test('every operation of the route table is in exactly one group', () => {
    const listed = groups.flatMap(({ routes }) => Object.keys(routes));
    expect(listed.toSorted()).toEqual(Object.keys(engineRoutes).toSorted());
  });

  test('every link to a type leads to a heading', () => {
    const text = apiReference();
    const headings = new Set([...text.matchAll(/^### (\w+)$/gm)].map(([, name]) => name?.toLowerCase()));
    const links = [...text.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((anchor) => !headings.has(anchor))).toEqual([]);
  });
});

describe('schemas in words', () => {
  test.each([
    [s.list(s.string), 'list of string'],
    [s.words, 'list of string, or one string'],
    [s.map(s.list(s.count)), 'map of list of integer, at least 0'],
    [s.oneOf('tcp', 'udp'), '`tcp`, `udp`'],
    [s.object({ a: s.string, b: s.boolean }), '{ a: string, b: boolean }'],
    [s.filters, 'filters (JSON)'],
    [s.maybe(Port), '[Port](#port)'],
  ])('case %#: %j', (schema, text) => {
    expect(schemaText(schema)).toBe(text);
  });

  test('a table tells required fields, optional ones and those that may be null', () => {
    const schema = s.object({
      Id: s.string,
      Note: s.optional(s.string),
      Warnings: s.nullable(s.list(s.string)),
      Labels: s.maybe(s.map(s.string)),
    });
    expect(fieldTable(schema, 'Field').split('\n').slice(2)).toEqual([
      '| `Id` | string | required |  |',
      '| `Note` | string | optional |  |',
      '| `Warnings` | list of string | may be null |  |',
      '| `Labels` | map of string | optional, may be null |  |',
    ]);
  });
});
