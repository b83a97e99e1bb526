/**
 * Why a text is no JSON, in the words of Go's decoder, which clients and their tests know: `invalid character 'i' looking for
 * beginning of object key string`, `unexpected EOF`. Only asked after `JSON.parse` refused the text.
 */

/** Which character may come next; an open object or array is an entry of the stack. */
type Expected = 'value' | 'first-key' | 'key' | 'colon' | 'after-member' | 'first-element' | 'after-element' | 'end';

const whileIn: Readonly<Record<Exclude<Expected, 'end'>, string>> = {
  value: 'looking for beginning of value',
  'first-element': 'looking for beginning of value',
  'first-key': 'looking for beginning of object key string',
  key: 'looking for beginning of object key string',
  colon: 'after object key',
  'after-member': 'after object key:value pair',
  'after-element': 'after array element',
};

export const contentAfterJson = 'unexpected content after JSON';

/** String, number or word; sticky, so that one is read where the last ended. */
const scalar =
  /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

export function describeJsonFault(text: string): string {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const afterValue = (): Expected => {
    const inside = open.at(-1);
    return inside === undefined ? 'end' : inside === '{' ? 'after-member' : 'after-element';
  };
  for (;;) {
    while (/[ \t\r\n]/.test(text.charAt(at))) at += 1;
    const next = text.charAt(at);
    if (expected === 'end') return contentAfterJson;
    if (next === '') return 'unexpected EOF';
    const step = punctuation(expected, next);
    if (step !== undefined) {
      at += 1;
      if (step === 'open') {
        open.push(next === '{' ? '{' : '[');
        expected = next === '{' ? 'first-key' : 'first-element';
      } else if (step === 'close') {
        open.pop();
        expected = afterValue();
      } else expected = step;
      continue;
    }
    const key: boolean = expected === 'first-key' || expected === 'key';
    if (!(key ? next === '"' : isValue(expected) && /["\-0-9tfn]/.test(next)))
      return unexpected(next, whileIn[expected]);
    scalar.lastIndex = at;
    const found = scalar.exec(text);
    if (found === null) return cutScalar(text, at);
    at = scalar.lastIndex;
    if (/\d/.test(text.charAt(at - 1)) && /[.eE]/.test(text.charAt(at))) return inNumber(text, at + 1);
    expected = key ? 'colon' : afterValue();
  }
}

const isValue = (expected: Expected): boolean => expected === 'value' || expected === 'first-element';

function punctuation(expected: Expected, next: string): Expected | 'open' | 'close' | undefined {
  if (isValue(expected) && (next === '{' || next === '[')) return 'open';
  if (expected === 'first-element' && next === ']') return 'close';
  if (expected === 'first-key' && next === '}') return 'close';
  if (expected === 'colon' && next === ':') return 'value';
  if (expected === 'after-member') return next === ',' ? 'key' : next === '}' ? 'close' : undefined;
  if (expected === 'after-element') return next === ',' ? 'value' : next === ']' ? 'close' : undefined;
  return undefined;
}

/** A string, number or word that began well. */
function cutScalar(text: string, at: number): string {
  const first = text.charAt(at);
  if (first === '"') {
    const stop = /^"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*(\\u?)?/.exec(text.slice(at));
    const where = at + (stop?.[0].length ?? 1);
    const wrong = text.charAt(where);
    if (wrong === '') return 'unexpected EOF';
    if (stop?.[1] === undefined) return unexpected(wrong, 'in string literal');
    return unexpected(wrong, stop[1] === '\\' ? 'in string escape code' : 'in \\u hexadecimal character escape');
  }
  const word = ['true', 'false', 'null'].find((item) => item.startsWith(first));
  if (word === undefined) return inNumber(text, at + 1);
  let same = 1;
  while (text.charAt(at + same) === word.charAt(same)) same += 1;
  const wrong = text.charAt(at + same);
  return wrong === '' ? 'unexpected EOF' : unexpected(wrong, `in literal ${word} (expecting '${word.charAt(same)}')`);
}

function inNumber(text: string, at: number): string {
  const wrong = text.charAt(at);
  return wrong === '' ? 'unexpected EOF' : unexpected(wrong, 'in numeric literal');
}

/** Quoted as Go quotes a character. */
function unexpected(character: string, where: string): string {
  const shown =
    character === "'" ? "'\\''" : character === '"' ? "'\"'" : `'${JSON.stringify(character).slice(1, -1)}'`;
  return `invalid character ${shown} ${where}`;
}
