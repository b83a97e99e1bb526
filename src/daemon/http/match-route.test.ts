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

  it('containers are found by names of links too, with their slash or without', () => {
    for (const path of ['/containers/web/db/json', '/containers/web%2Fdb/json']) {
      expect(match('GET', path)).toMatchObject({ name: 'ContainerInspect', params: { id: 'web/db' } });
    }
    expect(match('DELETE', '/containers/web/db')).toMatchObject({ name: 'ContainerDelete', params: { id: 'web/db' } });
    expect(match('GET', '/containers/web/attach/ws')).toMatchObject({ params: { id: 'web' } });
  });
});
