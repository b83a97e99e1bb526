import { describe, expect, it } from 'vitest';
import { isWharfError } from './errors.ts';
import { parseJsonBody, parseQuery, parseValue } from './parse.ts';
import * as s from './schema.ts';
import { ContainerCreateRequest } from './types/containers.ts';

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isWharfError(error)) return `${error.code} ${error.message}`;
  }
  return 'nothing thrown';
}

describe('a request body', () => {
  it('keeps what the schema knows and drops the rest', () => {
    const body = { Image: 'busybox', Cmd: ['echo', 'hi'], HostConfig: { Memory: 1024, Made: 'up' }, Nonsense: 1 };
    expect(parseValue(ContainerCreateRequest, body)).toEqual({
      Image: 'busybox',
      Cmd: ['echo', 'hi'],
      HostConfig: { Memory: 1024 },
    });
  });

  it('takes null as absent', () => {
    expect(parseValue(ContainerCreateRequest, { Image: 'a', Cmd: null, HostConfig: null })).toEqual({ Image: 'a' });
  });

  it('takes the document null for one that says nothing: an empty list, an object without fields', () => {
    expect(parseValue(s.nullable(s.list(s.string)), null)).toEqual([]);
    expect(parseValue(ContainerCreateRequest, null)).toEqual({});
  });

  it('keeps null where null says something: an exposed port without bindings', () => {
    const body = { HostConfig: { PortBindings: { '80/tcp': null } } };
    expect(parseValue(ContainerCreateRequest, body)).toEqual(body);
  });

  it('matches field names in any case, the exact one first', () => {
    expect(
      parseValue(ContainerCreateRequest, { image: 'a', hostconfig: { memory: 1 }, Env: ['A=1'], env: ['B=2'] }),
    ).toEqual({
      Image: 'a',
      HostConfig: { Memory: 1 },
      Env: ['A=1'],
    });
  });

  it('takes one string for a command', () => {
    expect(parseValue(ContainerCreateRequest, { Cmd: 'ls' }).Cmd).toEqual(['ls']);
  });

  it.each([
    [{ HostConfig: { Memory: '1g' } }, 'HostConfig.Memory: expected a whole number, got the string "1g"'],
    [{ HostConfig: { Memory: 1.5 } }, 'HostConfig.Memory: expected a whole number, got 1.5'],
    [{ Tty: 'yes' }, 'Tty: expected true or false, got the string "yes"'],
    [{ Env: [1] }, 'Env[0]: expected a string, got the number 1'],
    [{ Env: 'A=1' }, 'Env: expected a list, got the string "A=1"'],
    [{ Labels: { a: {} } }, 'Labels.a: expected a string, got an object'],
    [{ HostConfig: { Mounts: [{ Type: 'bind' }, 7] } }, 'HostConfig.Mounts[1]: expected an object, got the number 7'],
    [[], 'the request body: expected an object, got a list'],
    ['x', 'the request body: expected an object, got the string "x"'],
  ])('of a wrong type is refused with the path: %j', (body, message) => {
    expect(messageOf(() => parseValue(ContainerCreateRequest, body))).toBe(`request.invalid ${message}`);
  });

  it('cannot change a prototype', () => {
    const labels = parseValue(ContainerCreateRequest, JSON.parse('{"Labels":{"__proto__":"x"}}')).Labels ?? {};
    expect(Object.keys(labels)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
  });

  it('that is no JSON is told apart from one of a wrong type', () => {
    expect(messageOf(() => parseJsonBody('{"a":'))).toContain('request.malformed-json invalid JSON: ');
    expect(messageOf(() => parseJsonBody(''))).toBe(
      'request.malformed-json invalid JSON: got EOF while reading request body',
    );
  });

  it('names a missing field', () => {
    expect(messageOf(() => parseValue(s.object({ Name: s.string }), {}))).toBe('request.invalid Name: is missing');
  });
});

describe('a query', () => {
  const query = s.partial({
    all: s.boolean,
    limit: s.integer,
    filters: s.filters,
    names: s.list(s.string),
    kind: s.oneOf('a', 'b'),
    tag: s.string,
  });
  const parsed = (text: string) => parseQuery(query, new URLSearchParams(text));

  it.each([
    ['all=1', true],
    ['all=true', true],
    ['all=on', true],
    ['all=', false],
    ['all=0', false],
    ['all=False', false],
    ['all=no', false],
    ['all=none', false],
  ])('reads %s as docker does', (text, all) => expect(parsed(text)).toEqual({ all }));

  it('reads numbers, lists and strings', () => {
    expect(parsed('limit=-1&names=a&names=b&tag=&unknown=1')).toEqual({ limit: -1, names: ['a', 'b'], tag: '' });
    expect(parsed('limit=')).toEqual({});
  });

  it('reads filters in both forms', () => {
    expect(parsed(`filters=${encodeURIComponent('{"status":["running","paused"]}')}`).filters).toEqual({
      status: ['running', 'paused'],
    });
    expect(parsed(`filters=${encodeURIComponent('{"label":{"a=b":true,"c":false}}')}`).filters).toEqual({
      label: ['a=b'],
    });
  });

  it.each([
    ['limit=ten', 'query parameter limit: expected a number, got the string "ten"'],
    ['limit=1.5', 'query parameter limit: expected a whole number, got 1.5'],
    ['filters=%7B', 'invalid filter'],
    ['filters=[]', 'invalid filter'],
    ['filters={"label":"a"}', 'invalid filter'],
    ['kind=c', 'query parameter kind: expected one of a, b, got "c"'],
  ])('of a wrong type is refused: %s', (text, message) => {
    expect(messageOf(() => parsed(text))).toBe(`request.invalid ${message}`);
  });
});
