import { describe, expect, test } from 'vitest';
import type { HostConfig } from '../../contract/engine-types.ts';
import type { MountRecord } from './container-record.ts';
import { wantedMounts } from './resolve-mounts.ts';

function wanted(hostConfig: HostConfig, paths: readonly string[] = [], inherited: readonly MountRecord[] = []) {
  return wantedMounts(hostConfig, paths, () => inherited);
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
    ['./a:/b', 'includes invalid characters for a local volume name'],
    ['vol:/b:rshared', 'invalid mode'],
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
      { kind: 'ready', mount: { kind: 'tmpfs', options: ['size=65536', 'mode=1777'] } },
    ]);
  });

  test.each([
    [{ Type: 'bind', Source: '/s' }, 'field Target must not be empty'],
    [{ Type: 'bind', Target: '/t' }, 'field Source must not be empty'],
    [{ Type: 'bind', Source: 's', Target: '/t' }, 'mount path must be absolute'],
    [{ Type: 'tmpfs', Source: '/s', Target: '/t' }, 'field Source must not be specified'],
    [{ Type: 'volume', Source: 'v', Target: '/t', VolumeOptions: { Subpath: '../x' } }, 'relative path within'],
    [{ Type: 'odd', Target: '/t' }, 'mount type unknown: "odd"'],
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

test('tmpfs options are checked', () => {
  expect(wanted({ Tmpfs: { '/t': 'rw,size=64k,noexec' } })).toMatchObject([
    { mount: { options: ['size=64k', 'noexec'] } },
  ]);
  expect(() => wanted({ Tmpfs: { '/t': 'bogus' } })).toThrow('invalid tmpfs option ["bogus"]');
});
