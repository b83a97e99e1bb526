import { expect, test } from 'vitest';
import { mountFlags } from '../linux/mount.ts';
import { anonymousLabel, checkLocalName, checkLocalOptions } from './volume-definition.ts';
import { listTest, pruneTest } from './volume-filters.ts';
import { mountAttempt, volumeMount, withAddress } from './volume-mount-options.ts';

const filters = (entries: Readonly<Record<string, readonly string[]>>) => new Map(Object.entries(entries));
const volume = (name: string, labels: Readonly<Record<string, string>> | null = null) => ({
  name,
  driver: 'local',
  labels,
});

test.each([
  ['a', 'volume name is too short, names should be at least two alphanumeric characters'],
  [
    '../up',
    '"../up" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed',
  ],
  ['no space', 'includes invalid characters'],
])('the name %j is refused', (name, message) => {
  expect(() => checkLocalName(name)).toThrow(
    expect.objectContaining({ code: 'volume.invalid', message: expect.stringContaining(message) }),
  );
});

test.each([
  [{ color: 'red' }, 'invalid option: "color"'],
  [{ type: 'tmpfs' }, 'missing required option: "device"'],
  [{ o: 'ro', type: 'tmpfs' }, 'missing required option: "device"'],
  [{ size: 'abc' }, "invalid size: 'abc'"],
  [{ size: '10m' }, 'quota size requested but no quota support'],
  [{ type: 'cifs', device: '//nas:44/x' }, "port not allowed in CIFS device URL, include 'port' in 'o='"],
])('the options %j are refused', (options, message) => {
  expect(() => checkLocalOptions(options)).toThrow(expect.objectContaining({ code: 'volume.invalid', message }));
});

test('mount options are taken apart into flags and data', () => {
  expect(volumeMount(null)).toBeUndefined();
  expect(volumeMount({ size: '0' })).toBeUndefined();
  expect(volumeMount({ type: 'tmpfs', device: 'tmpfs', o: 'size=1m,ro,nosuid,rw,uid=5' })).toEqual({
    type: 'tmpfs',
    device: 'tmpfs',
    flags: mountFlags.noSuid,
    propagation: 0,
    data: 'size=1m,uid=5',
    server: undefined,
  });
  expect(volumeMount({ type: 'none', device: '/srv', o: 'bind,rslave' })).toMatchObject({
    flags: mountFlags.bind,
    propagation: mountFlags.slave | mountFlags.recursive,
    data: '',
  });
});

test('the name of an NFS or CIFS server is found, and its address put in its place', () => {
  const nfs = volumeMount({ type: 'nfs', device: ':/x', o: 'addr=nas.lan,rw,nolock' });
  expect(nfs).toMatchObject({ server: 'nas.lan', data: 'addr=nas.lan,nolock' });
  expect(nfs && withAddress(nfs, '10.0.0.9').data).toBe('addr=10.0.0.9,nolock');
  const cifs = volumeMount({ type: 'cifs', device: '//nas.lan/share', o: 'username=a,password=secret' });
  expect(cifs && withAddress(cifs, '10.0.0.9').device).toBe('//10.0.0.9/share');
  expect(cifs && mountAttempt(cifs, '/t')).toBe('mount //nas.lan/share:/t, data: username=a,password=********');
});

test('lists are filtered by use, driver, label and name', () => {
  const record = volume('web-data', { tier: 'web' });
  expect(listTest(filters({ dangling: ['true'] }))(record, true)).toBe(false);
  const all = filters({ dangling: ['false'], label: ['tier'], name: ['^web-'], driver: ['local'] });
  expect(listTest(all)(record, true)).toBe(true);
  expect(listTest(filters({ name: ['['] }))(record, true)).toBe(false);
  expect(() => listTest(filters({ size: ['1'] }))).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  expect(() => listTest(filters({ dangling: ['1', '0'] }))).toThrow("invalid filter 'dangling=[1 0]'");
});

test('a prune means anonymous volumes only, unless all are asked for', () => {
  const anonymous = volume('x', { [anonymousLabel]: '' });
  expect(pruneTest(filters({}))(volume('data'), false)).toBe(false);
  expect(pruneTest(filters({ all: ['true'] }))(volume('data'), false)).toBe(true);
  expect(pruneTest(filters({ all: ['true'] }))(volume('data'), true)).toBe(false);
  expect(pruneTest(filters({}))(anonymous, false)).toBe(true);
  expect(pruneTest(filters({ 'label!': [anonymousLabel] }))(anonymous, false)).toBe(false);
  expect(() => pruneTest(filters({ all: ['1', '0'] }))).toThrow('only one value is expected');
});
