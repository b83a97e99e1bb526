import { expect, test } from 'vitest';
import type { SystemInfo } from '../../../contract/engine-types.ts';
import { infoOfVersion } from './info-versions.ts';

const info = {
  RuncCommit: { ID: 'crun 1.8' },
  ContainerdCommit: { ID: '' },
  InitCommit: { ID: '' },
  FirewallBackend: { Driver: 'nftables' },
  Runtimes: { crun: { path: 'crun', status: { a: 'b' } } },
  RegistryConfig: { Mirrors: null },
  SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'],
} as unknown as SystemInfo;

test('fields go when their version is older than them, and those come back that went since', () => {
  expect(infoOfVersion(info, '1.50')).toEqual(info);
  expect(infoOfVersion(info, '1.49')).toEqual({ ...info, BridgeNfIptables: false, BridgeNfIp6tables: false });
  const older = infoOfVersion(info, '1.48');
  expect(older).toMatchObject({ RuncCommit: { Expected: 'crun 1.8' }, InitCommit: { ID: '' } });
  expect(older.FirewallBackend).toBeUndefined();
  expect(infoOfVersion(info, '1.46').RegistryConfig).toHaveProperty('AllowNondistributableArtifactsCIDRs', null);
  expect(infoOfVersion(info, '1.43').Runtimes).toEqual({ crun: { path: 'crun' } });
  expect(infoOfVersion(info, '1.24').SecurityOptions).toEqual(['seccomp', 'rootless']);
});
