import { expect, test } from 'vitest';
import { ansiSpans, stripAnsi } from './ansi.ts';

test('a plain line is one span without a look', () => {
  expect(ansiSpans('hello')).toMatchObject([{ text: 'hello', colour: undefined, bold: false }]);
});

test('a colour lasts until it is reset', () => {
  const spans = ansiSpans('a \u001b[1;31mred\u001b[0m b');
  expect(spans.map((span) => span.text)).toEqual(['a ', 'red', ' b']);
  expect(spans[1]).toMatchObject({ bold: true });
  expect(spans[1]?.colour).toBeDefined();
  expect(spans[2]).toMatchObject({ bold: false, colour: undefined });
});

test('256 and true colours are read whole and nothing of them is shown', () => {
  const spans = ansiSpans('\u001b[38;5;208mo\u001b[48;2;1;2;3mx');
  expect(spans.map((span) => span.text)).toEqual(['o', 'x']);
  expect(spans[1]?.background).toBe('rgb(1 2 3)');
});

test('cursor movements and window titles vanish', () => {
  expect(stripAnsi('\u001b[2K\u001b]0;title\u0007text\u001b[1A')).toBe('text');
});
