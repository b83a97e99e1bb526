import { expect, test } from 'vitest';
import { withoutRuntimePlaces } from './changes.ts';

const made = [
  { kind: 'modified', path: '/etc' },
  { kind: 'added', path: '/etc/hosts' },
  { kind: 'added', path: '/etc/resolv.conf' },
] as const;

test('what the runtime made to mount over is no change of the container', () => {
  expect(withoutRuntimePlaces(made)).toEqual([]);
});

test('a folder with other changes stays', () => {
  const own = { kind: 'added', path: '/etc/motd' } as const;
  expect(withoutRuntimePlaces([...made, own])).toEqual([made[0], own]);
});

test('a file of the image that was changed stays', () => {
  const changed = { kind: 'modified', path: '/etc/hosts' } as const;
  expect(withoutRuntimePlaces([changed])).toEqual([changed]);
});
