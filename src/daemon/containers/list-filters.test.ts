import { expect, test } from 'vitest';
import { compileFilters, type FilterSubject, type FilterWorld } from './list-filters.ts';

const subject: FilterSubject = {
  id: 'abc123'.padEnd(64, '0'),
  name: 'web-1',
  createdAtMs: 1000,
  imageId: 'sha256:image',
  status: 'exited',
  exitCode: 3,
  health: 'none',
  isTask: false,
  labels: { tier: 'web', empty: '' },
  volumes: ['data', '/var/lib/data'],
  networks: ['bridge', 'f00dfeed0000'],
  exposed: ['80/tcp'],
  published: ['8080/udp'],
};

const world: FilterWorld = {
  ancestor: (name) => new Set(name === 'nginx' ? ['sha256:image'] : []),
  createdAt: (ref) => Number(ref),
};

function holds(filters: Readonly<Record<string, readonly string[]>>): boolean {
  return compileFilters(new Map(Object.entries(filters)), world)(subject);
}

test.each<[Record<string, string[]>, boolean]>([
  [{}, true],
  [{ id: ['abc1'] }, true],
  [{ id: ['def'] }, false],
  [{ name: ['web'] }, true],
  [{ name: ['^/web-1$'] }, true],
  [{ name: ['^web$'] }, false],
  [{ name: ['(unclosed'] }, false],
  [{ status: ['running', 'exited'] }, true],
  [{ status: ['running'] }, false],
  [{ exited: ['3'] }, true],
  [{ exited: ['0'] }, false],
  [{ label: ['tier'] }, true],
  [{ label: ['tier=web', 'empty='] }, true],
  [{ label: ['tier=web', 'other'] }, false],
  [{ isolation: ['default'] }, true],
  [{ ancestor: ['redis', 'nginx'] }, true],
  [{ ancestor: ['redis'] }, false],
  [{ before: ['2000'] }, true],
  [{ before: ['1000'] }, false],
  [{ since: ['500'] }, true],
  [{ volume: ['data'] }, true],
  [{ volume: ['/var/lib/data'] }, true],
  [{ volume: ['other'] }, false],
  [{ network: ['bridge'] }, true],
  [{ network: ['f00dfeed0000'] }, true],
  [{ health: ['none'] }, true],
  [{ expose: ['79-81'] }, true],
  [{ expose: ['80/udp'] }, false],
  [{ publish: ['8080/udp'] }, true],
  [{ 'is-task': ['false'] }, true],
  [{ name: ['web'], status: ['running'] }, false],
])('%j is %s', (filters, expected) => {
  expect(holds(filters)).toBe(expected);
});

test.each([
  [{ nope: ['x'] }, "invalid filter 'nope'"],
  [{ status: ['odd'] }, "invalid filter 'status=odd'"],
  [{ exited: ['x'] }, "invalid filter 'exited=x'"],
  [{ expose: ['x'] }, "invalid filter 'expose=x'"],
  [{ publish: ['9-1'] }, "invalid filter 'publish=9-1'"],
])('%j is refused', (filters, message) => {
  expect(() => holds(filters)).toThrow(message);
});
