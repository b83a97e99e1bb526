import { describe, expect, test } from 'vitest';
import type { HostConfig } from '../../contract/engine-types.ts';
import type { MountRecord } from './container-record.ts';
import { wantedMounts } from './resolve-mounts.ts';
import { tmpfsOptions } from './tmpfs-options.ts';

function wanted(hostConfig: HostConfig, paths: readonly string[] = [], inherited: readonly MountRecord[] = []) {
  return wantedMounts(hostConfig, paths, () => inherited, '/var/lib/engine');
}

describe('Binds', () => {
  test('a path is a bind whose source is made when missing', () => {
    expect(wanted({ Binds: ['/src/../data:/dst/:ro,rshared'] })).toEqual([
      {
        kind: 'ready',
        mount: {
          kind: 'bind',
          source: '/data',
          destination: '/dst',
          readOnly: true,
          propagation: 'rshared',
          recursive: true,
          createSource: true,
          mode: 'ro,rshared',
        },
      },
    ]);
  });

  test('a name is a volume, a path alone a volume of its own', () => {
    expect(wanted({ Binds: ['data:/a:nocopy', '/b'] })).toMatchObject([
      { kind: 'volume', name: 'data', mount: { destination: '/a', copyContent: false } },
      { kind: 'volume', name: undefined, mount: { destination: '/b', copyContent: true } },
    ]);
  });

  test.each([
    [':/a', 'invalid volume specification'],
    ['/a:/b:ro:x', 'invalid volume specification'],
    ['/a:/b:rx', 'invalid mode: rx'],
    ['/a:/b:ro,rw', 'invalid mode'],
    ['/a:b', 'mount path must be absolute'],
    ['/a:/', "destination can't be '/'"],
    ['/a:/x/..', "destination can't be '/'"],
    ['/a:/b:z,Z', 'invalid mode: z,Z'],
    ['/a:/b:nocopy', 'field VolumeOptions must not be specified'],
    ['/a:rw', "invalid volume specification: '/a:rw'"],
    ['vol:/b:rshared', 'field BindOptions must not be specified'],
  ])('%s is refused: %s', (bind, message) => {
    expect(() => wanted({ Binds: [bind] })).toThrow(message);
  });
});

describe('Mounts', () => {
  test('of all kinds', () => {
    expect(
      wanted({
        Mounts: [
          { Type: 'bind', Source: '/s', Target: '/b', ReadOnly: true },
          {
            Type: 'volume',
            Source: 'v',
            Target: '/v',
            VolumeOptions: { NoCopy: true, Subpath: 'x/y', Labels: { a: 'b' } },
          },
          { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 65536, Mode: 0o1777 } },
        ],
      }),
    ).toMatchObject([
      { kind: 'ready', mount: { kind: 'bind', source: '/s', readOnly: true, createSource: false } },
      { kind: 'volume', name: 'v', labels: { a: 'b' }, mount: { subpath: 'x/y', copyContent: false } },
      { kind: 'ready', mount: { kind: 'tmpfs', options: ['mode=1777', 'size=65536'] } },
    ]);
  });

  test.each([
    [{ Type: 'bind', Source: '/s' }, 'field Target must not be empty'],
    [{ Type: 'bind', Target: '/t' }, 'field Source must not be empty'],
    [{ Type: 'bind', Source: 's', Target: '/t' }, 'mount path must be absolute'],
    [{ Type: 'tmpfs', Source: '/s', Target: '/t' }, 'field Source must not be specified'],
    [{ Type: 'volume', Source: 'v', Target: '/t', VolumeOptions: { Subpath: '../x' } }, 'relative path within'],
    [{ Type: 'odd', Target: '/t' }, 'invalid mount config for type "odd": mount type unknown'],
  ])('%j is refused', (mount, message) => {
    expect(() => wanted({ Mounts: [mount] })).toThrow(message);
  });
});

test('two mounts of the user at one place are an error', () => {
  expect(() => wanted({ Binds: ['/a:/x'], Tmpfs: { '/x/': '' } })).toThrow('Duplicate mount point: /x');
});

test('a mount of the user hides an image volume and an inherited one', () => {
  const inherited: MountRecord = {
    kind: 'bind',
    source: '/old',
    destination: '/x',
    readOnly: false,
    propagation: 'rprivate',
    recursive: true,
    createSource: true,
    mode: '',
  };
  expect(wanted({ Binds: ['/a:/x'], VolumesFrom: ['c:ro'] }, ['/x', '/y'], [inherited])).toMatchObject([
    { kind: 'ready', mount: { source: '/a' } },
    { kind: 'volume', name: undefined, mount: { destination: '/y' } },
  ]);
});

test('a bind around the data root follows the host, and may not be private', () => {
  expect(wanted({ Binds: ['/var:/v', '/var/lib/engine/x:/x'] })).toMatchObject([
    { mount: { propagation: 'rslave', aroundDataRoot: true } },
    { mount: { propagation: 'rslave', aroundDataRoot: true } },
  ]);
  expect(wanted({ Binds: ['/var/lib/engineer:/v', '/var:/x:rshared'] })).toMatchObject([
    { mount: { propagation: 'rprivate' } },
    { mount: { propagation: 'rshared' } },
  ]);
  expect(() => wanted({ Binds: ['/var:/v:private'] })).toThrow(
    'must use either propagation mode "rslave" or "rshared"',
  );
});

test('a tmpfs of --tmpfs may lie over a mount of --mount', () => {
  expect(wanted({ Mounts: [{ Type: 'volume', Source: 'v', Target: '/x' }], Tmpfs: { '/x': 'size=1m' } })).toHaveLength(
    2,
  );
});

test('of another container come its mounts, read-only if asked, without their mode', () => {
  const inherited: MountRecord[] = [
    { kind: 'tmpfs', destination: '/t', readOnly: false, options: [], fromTmpfsMap: true },
    {
      kind: 'volume',
      name: 'v',
      driver: 'local',
      destination: '/v',
      readOnly: false,
      copyContent: true,
      subpath: '',
      anonymous: true,
      mode: 'z',
    },
  ];
  expect(wanted({ VolumesFrom: ['c:ro,z'] }, [], inherited)).toMatchObject([
    { mount: { name: 'v', readOnly: true, copyContent: false, mode: '' } },
  ]);
  expect(() => wanted({ VolumesFrom: ['c:rslave'] })).toThrow('invalid mode: rslave');
});

test('tmpfs options: the later of two holds, and unknown ones are refused', () => {
  expect(tmpfsOptions(['size=64k', 'exec', 'size=1m', 'defaults'])).toEqual([
    'nosuid',
    'nodev',
    'rprivate',
    'exec',
    'size=1m',
  ]);
  expect(tmpfsOptions(['shared'])).toEqual(['noexec', 'nosuid', 'nodev', 'shared']);
  expect(() => tmpfsOptions(['bogus=1'])).toThrow('invalid tmpfs option "bogus"');
});
