import { expect, test } from 'vitest';
import { mountFlags } from '../linux/mount.ts';
import { anonymousLabel, defineVolume, volumeMount } from './volume-definition.ts';
import { matchesList, matchesPrune } from './volume-filters.ts';

const now = new Date('2026-01-02T03:04:05.678Z');
const filters = (entries: Readonly<Record<string, readonly string[]>>) => new Map(Object.entries(entries));

test('a volume without a name is anonymous: 64 hex digits and a label', () => {
  const record = defineVolume({ Labels: { a: 'b' } }, now);
  expect(record.name).toMatch(/^[0-9a-f]{64}$/);
  expect(record.labels).toEqual({ a: 'b', [anonymousLabel]: '' });
  expect(defineVolume({ Name: 'data' }, now)).toEqual({
    name: 'data',
    driver: 'local',
    createdAt: '2026-01-02T03:04:05Z',
    labels: null,
    options: null,
  });
});

test.each([
  [
    { Name: 'a' },
    'volume.invalid',
    'create a: volume name is too short, names should be at least two alphanumeric characters',
  ],
  [{ Name: '../up' }, 'volume.invalid', 'create ../up: "../up" includes invalid characters for a local volume name'],
  [{ Name: 'no space' }, 'volume.invalid', 'includes invalid characters'],
  [{ Name: 'vol', Driver: 'nfs' }, 'plugin.not-found', 'error looking up volume plugin nfs: plugin "nfs" not found'],
  [{ Name: 'vol', DriverOpts: { color: 'red' } }, 'volume.invalid', 'create vol: invalid option: "color"'],
  [{ Name: 'vol', DriverOpts: { type: 'tmpfs' } }, 'volume.invalid', 'create vol: missing required option: "device"'],
])('%j is refused with %s', (request, code, message) => {
  expect(() => defineVolume(request, now)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});

test('mount options are taken apart into flags and data', () => {
  expect(volumeMount(null)).toBeUndefined();
  expect(volumeMount({ type: 'tmpfs', device: 'tmpfs', o: 'size=1m,ro,nosuid,rw,uid=5' })).toEqual({
    type: 'tmpfs',
    device: 'tmpfs',
    flags: mountFlags.noSuid,
    data: 'size=1m,uid=5',
    server: undefined,
  });
  expect(volumeMount({ type: 'none', device: '/srv', o: 'bind' })).toMatchObject({
    type: '',
    flags: mountFlags.bind,
    data: '',
  });
  expect(volumeMount({ type: 'nfs', device: ':/x', o: 'addr=nas.lan,rw' })).toMatchObject({
    server: 'nas.lan',
    data: 'addr=nas.lan',
  });
});

test('lists are filtered by use, driver, label and name', () => {
  const record = defineVolume({ Name: 'web-data', Labels: { tier: 'web' } }, now);
  expect(matchesList(record, filters({ dangling: ['true'] }), true)).toBe(false);
  expect(
    matchesList(record, filters({ dangling: ['false'], label: ['tier'], name: ['data'], driver: ['local'] }), true),
  ).toBe(true);
  expect(() => matchesList(record, filters({ size: ['1'] }), true)).toThrow(
    expect.objectContaining({ code: 'request.invalid' }),
  );
});

test('a prune means anonymous volumes only, unless all are asked for', () => {
  const named = defineVolume({ Name: 'data' }, now);
  expect(matchesPrune(named, filters({}))).toBe(false);
  expect(matchesPrune(named, filters({ all: ['true'] }))).toBe(true);
  expect(matchesPrune(defineVolume({}, now), filters({}))).toBe(true);
  expect(matchesPrune(defineVolume({ Labels: { keep: '1' } }, now), filters({ 'label!': ['keep'] }))).toBe(false);
});
