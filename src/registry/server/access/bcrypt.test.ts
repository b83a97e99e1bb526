import { expect, it } from 'vitest';
import { parseHtpasswd } from './htpasswd.ts';

// Made by libcrypt's crypt(3).
it.each([
  ['secret', '$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a'],
  ['päss wörd', '$2y$06$ABCDEFGHIJKLMNOPQRSTUO/ap3tJi2RAYWRWQxk/50WoEuJDWKVOS'],
  ['x'.repeat(80), '$2y$04$......................SZFhVdUK5wGKY4lx/QrgUMHG0XsWjbi'],
  ['', '$2a$04$N9qo8uLOickgx2ZMRZoMyexhJu7XyhFyrko6QMKtD6uvGcfCxpYoK'],
])('the bcrypt hash of %j lets that password in and no other', async (password, hash) => {
  const check = parseHtpasswd(`user:${hash}`).get('user');
  expect(await check?.(password)).toBe(true);
  expect(await check?.(`${password.slice(0, 3)}!`)).toBe(false);
});

it('a cost that would stop the registry is refused', () => {
  expect(() => parseHtpasswd('user:$2y$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde')).toThrow('cost');
});
