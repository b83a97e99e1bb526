/** The colours of the app keep the contrast WCAG 2.2 AA asks for: text 4.5, the focus ring 3. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const css = readFileSync(path.join(import.meta.dirname, '../../src/renderer/styles/tokens.css'), 'utf8');

type Tokens = ReadonlyMap<string, string>;

/** The colours of one block of tokens.css. */
function tokensOf(selector: string): Tokens {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf('}', start));
  return new Map([...block.matchAll(/--w-([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = '', hex = '']) => [name, hex]));
}

const channel = (hex: string, at: number) => {
  const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
};
/** WCAG 2.2, relative luminance. */
const luminance = (hex: string) => 0.2126 * channel(hex, 1) + 0.7152 * channel(hex, 3) + 0.0722 * channel(hex, 5);

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ['canvas', 'surface', 'raised'];
/** What is written on what. */
const pairs: readonly (readonly [text: string, on: string])[] = [
  ...['ink', 'ink-2', 'ink-3', 'accent', 'good', 'warn', 'bad', 'idle'].flatMap((text) =>
    grounds.map((on) => [text, on] as const),
  ),
  ...['ink', 'ink-2', 'ink-3'].flatMap((text) => ['sunken', 'hover'].map((on) => [text, on] as const)),
  ...['accent', 'good', 'warn', 'bad', 'idle'].map((tone) => [tone, `${tone}-soft`] as const),
  ...['ink', 'ink-2'].flatMap((text) => ['warn-soft', 'bad-soft', 'good-soft'].map((on) => [text, on] as const)),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
];

describe.each([
  ['light', ':root'],
  ['dark', ':root.dark'],
])('the %s colours', (_name, selector) => {
  const tokens = tokensOf(selector);
  const colour = (name: string) => tokens.get(name) ?? expect.fail(`${selector} has no --w-${name}`);

  test.each(pairs)('%s on %s can be read', (text, on) => {
    expect(contrast(colour(text), colour(on))).toBeGreaterThanOrEqual(4.5);
  });

  test('the focus ring stands out from every ground', () => {
    for (const ground of grounds) expect(contrast(colour('accent'), colour(ground))).toBeGreaterThanOrEqual(3);
  });
});

test('both themes have the same tokens', () => {
  expect([...tokensOf(':root.dark').keys()].filter((name) => !tokensOf(':root').has(name))).toEqual([]);
  expect([...tokensOf(':root').keys()].filter((name) => !tokensOf(':root.dark').has(name))).toEqual([]);
});
