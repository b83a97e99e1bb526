import { describe, expect, it } from 'vitest';
import { describeJsonFault } from './json-syntax.ts';

describe('why a text is no JSON', () => {
  // What dockerd 28 answers to the same body, after `invalid JSON: `.
  it.each([
    ['{invalid json', "invalid character 'i' looking for beginning of object key string"],
    ['{}trailing', 'unexpected content after JSON'],
    ['{"a":1} {}', 'unexpected content after JSON'],
    ['{', 'unexpected EOF'],
    ['{"a":', 'unexpected EOF'],
    ['{"a"', 'unexpected EOF'],
    ['{"a":"b', 'unexpected EOF'],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['x', "invalid character 'x' looking for beginning of value"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{"a":-}', "invalid character '}' in numeric literal"],
    ['{"a":1.}', "invalid character '}' in numeric literal"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
    ['{"a":"\\u00x"}', "invalid character '0' in \\u hexadecimal character escape"],
    ['{"a":"\n"}', "invalid character '\\n' in string literal"],
  ])('%s: %s', (text, said) => {
    expect(describeJsonFault(text)).toBe(said);
  });

  it('a hundred thousand open lists are no deep recursion', () => {
    expect(describeJsonFault('['.repeat(100_000))).toBe('unexpected EOF');
  });
});
