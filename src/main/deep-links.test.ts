import { expect, test } from 'vitest';
import { deepLinkIn, routeOfDeepLink } from './deep-links.ts';

test('links show pages', () => {
  expect(routeOfDeepLink('wharf://home')).toBe('/');
  expect(routeOfDeepLink('wharf://containers/abc123')).toBe('/containers/abc123');
  expect(deepLinkIn(['electron', '.', '--x', 'wharf://images'])).toBe('wharf://images');
});

test('anything else is no link', () => {
  for (const text of [
    'http://x',
    'wharf://',
    'wharf://a/../../b',
    'wharf://a?run=1',
    'wharf://a b',
    'wharf://a/%2e%2e',
  ]) {
    expect(routeOfDeepLink(text)).toBeUndefined();
  }
});
