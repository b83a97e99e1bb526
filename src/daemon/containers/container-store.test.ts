import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import type { ContainerRecord } from './container-record.ts';
import { initialState } from './container-state.ts';
import { createContainerStore } from './container-store.ts';

function record(id: string, name: string, createdAtMs = 1): ContainerRecord {
  return {
    id: id.padEnd(64, '0'),
    name,
    createdAtMs,
    imageId: 'sha256:1',
    topLayer: undefined,
    config: { Image: 'busybox' },
    hostConfig: {},
    args: ['sh'],
    mounts: [],
    endpoints: {},
  };
}

function code(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'no error';
}

describe('resolve', () => {
  const store = createContainerStore(new DatabaseSync(':memory:'));
  store.insert(record('abc1', 'web'), initialState());
  store.insert(record('abc2', 'db'), initialState());
  // A name that looks like another container's ID prefix.
  store.insert(record('fff', 'abc1'), initialState());

  test.each([
    ['web', 'abc1'],
    ['/web', 'abc1'],
    ['abc2', 'abc2'],
    ['abc1', 'fff'],
    ['abc1'.padEnd(64, '0'), 'abc1'],
  ])('%s', (ref, id) => {
    expect(store.resolve(ref)).toBe(id.padEnd(64, '0'));
  });

  test('an unknown name and a shared prefix are told apart', () => {
    expect(code(() => store.resolve('nope'))).toBe('container.not-found');
    expect(code(() => store.resolve('abc'))).toBe('container.ambiguous');
    expect(code(() => store.resolve('0000'))).toBe('container.not-found');
  });
});

test('names are unique until their container is renamed or deleted', () => {
  const store = createContainerStore(new DatabaseSync(':memory:'));
  store.insert(record('a', 'web'), initialState());
  expect(code(() => store.insert(record('b', 'web'), initialState()))).toBe('container.name-taken');
  store.setRecord(record('a', 'web2'));
  store.insert(record('b', 'web'), initialState());
  expect(code(() => store.setRecord(record('a', 'web')))).toBe('container.name-taken');
  store.delete('b'.padEnd(64, '0'));
  store.setRecord(record('a', 'web'));
  expect(store.resolve('web')).toBe('a'.padEnd(64, '0'));
});

test('what was written is there after a restart, newest first', () => {
  const db = new DatabaseSync(':memory:');
  const before = createContainerStore(db);
  before.insert(record('a', 'old', 1), initialState());
  before.insert(record('b', 'new', 2), initialState());
  const last = {
    startedAtMs: 5,
    end: { exitCode: 1, finishedAtMs: 6, oomKilled: false, message: '' },
    restart: { count: 0, delayMs: 0 },
  };
  before.setState('a'.padEnd(64, '0'), { kind: 'exited', byUser: true, ...last });
  const after = createContainerStore(db);
  expect(after.all().map((container) => container.name)).toEqual(['new', 'old']);
  expect(after.get('a'.padEnd(64, '0'))?.state).toMatchObject({ kind: 'exited', end: { exitCode: 1 } });
  expect(after.get('b'.padEnd(64, '0'))?.record).toEqual({ ...record('b', 'new', 2), topLayer: undefined });
});

test('a thousand containers load in well under a tenth of a second', () => {
  const db = new DatabaseSync(':memory:');
  const before = createContainerStore(db);
  db.exec('BEGIN');
  for (let i = 0; i < 1000; i++) {
    before.insert({ ...record(`${i}e`, `n${i}`, i), config: { Env: Array(50).fill('NAME=value') } }, initialState());
  }
  db.exec('COMMIT');
  const startedAt = performance.now();
  expect(createContainerStore(db).all()).toHaveLength(1000);
  expect(performance.now() - startedAt).toBeLessThan(100);
});
