import { describe, expect, it } from 'vitest';
import { createRouteMatcher } from './match-route.ts';

describe('matching a request to its route', () => {
  const match = createRouteMatcher();

  it('networks are listed with a slash at the end too, as with dockerd; nothing else is', () => {
    expect(match('GET', '/networks/')?.name).toBe('NetworkList');
    expect(match('GET', '/volumes/')).toBeUndefined();
  });

  it('a path that is spelled out goes before one with a name in it', () => {
    expect(match('GET', '/images/get')?.name).toBe('ImageGetAll');
    expect(match('GET', '/images/a/b:1/get')).toMatchObject({ name: 'ImageGet', params: { name: 'a/b:1' } });
  });
});
