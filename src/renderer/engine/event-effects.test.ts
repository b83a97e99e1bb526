import { expect, test } from 'vitest';
import { staleKeys } from './event-effects.ts';
import { engineKeys } from './keys.ts';

test('a container that dies makes the list and its own detail stale, and nothing else', () => {
  expect(staleKeys({ Type: 'container', Action: 'die', Actor: { ID: 'abc' } })).toEqual([
    engineKeys.containers,
    engineKeys.container('abc'),
  ]);
});

test('an exec, also one of a health check with its command behind a colon, makes nothing stale', () => {
  expect(staleKeys({ Type: 'container', Action: 'exec_start: /bin/check --now', Actor: { ID: 'abc' } })).toEqual([]);
});

test('a health check result makes the list stale', () => {
  expect(staleKeys({ Type: 'container', Action: 'health_status: healthy', Actor: { ID: 'abc' } })).toContainEqual(
    engineKeys.containers,
  );
});

test('creating and destroying a container touch volumes, images in use and the disk usage', () => {
  for (const Action of ['create', 'destroy']) {
    const keys = staleKeys({ Type: 'container', Action, Actor: { ID: 'abc' } });
    expect(keys).toEqual(expect.arrayContaining([engineKeys.volumes, engineKeys.diskUsage, engineKeys.images]));
  }
});

test('mounting a volume is no change of the volume list', () => {
  expect(staleKeys({ Type: 'volume', Action: 'mount', Actor: { ID: 'data' } })).toEqual([]);
  expect(staleKeys({ Type: 'volume', Action: 'create', Actor: { ID: 'data' } })).toContainEqual(engineKeys.volumes);
});

test('joining a network touches the network and the list of containers, which says who is on it', () => {
  const keys = staleKeys({ Type: 'network', Action: 'connect', Actor: { ID: 'net' } });
  expect(keys).toEqual(expect.arrayContaining([engineKeys.network('net'), engineKeys.containers]));
});

test('what happens to images, and a reload of the daemon, touch what the trust policy says of them', () => {
  for (const [Type, Action] of [
    ['image', 'pull'],
    ['image', 'untag'],
    ['daemon', 'reload'],
  ])
    expect(staleKeys({ Type, Action })).toContainEqual(engineKeys.trust);
});

test('an event of an unknown type makes nothing stale', () => {
  expect(staleKeys({ Type: 'secret', Action: 'create' })).toEqual([]);
});
