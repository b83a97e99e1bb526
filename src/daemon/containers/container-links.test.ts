import { expect, test } from 'vitest';
import type { NetworkService } from '../networks/network-service.ts';
import { linkWarnings } from './container-links.ts';

test('a link on a bridge that keeps its containers apart is told to open nothing', () => {
  const networks = (icc: string) => {
    const bridge = { Name: 'bridge', Options: { 'com.docker.network.bridge.enable_icc': icc } };
    return { list: () => [bridge] } as unknown as Pick<NetworkService, 'list'>;
  };
  const linked = { Links: ['db:db'], NetworkMode: 'bridge' };
  expect(linkWarnings(networks('false'), linked)).toEqual([expect.stringContaining('--icc=false')]);
  expect(linkWarnings(networks('true'), linked)).toEqual([]);
  expect(linkWarnings(networks('false'), { NetworkMode: 'bridge' })).toEqual([]);
});
