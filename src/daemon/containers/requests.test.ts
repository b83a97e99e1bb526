import { describe, expect, test } from 'vitest';
import { processEnv } from './process-env.ts';
import { parseUntil } from './prune.ts';
import { parseSecurityOptions } from './security-options.ts';
import { createSerialQueue } from './serial-queue.ts';
import { parseSignal } from './signals.ts';
import { parsePs } from './top.ts';

describe('top', () => {
  const output = 'UID        PID  CMD\nroot         1  init\nroot        42  sleep  1000 s\n';

  test('keeps the container’s processes, and the command whole', () => {
    expect(parsePs(output, new Set([42]))).toEqual({
      Titles: ['UID', 'PID', 'CMD'],
      Processes: [['root', '42', 'sleep 1000 s']],
    });
  });

  test('needs the PID column', () => {
    expect(() => parsePs('CMD\nx\n', new Set())).toThrow("Couldn't find PID field in ps output");
  });
});

describe('a process’s environment', () => {
  const facts = { hostname: 'ship', home: '/home/boat', tty: true };

  test('has Docker’s basics, and the container’s own over them', () => {
    expect(processEnv(['TERM=dumb', 'A=1'], facts)).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOSTNAME=ship',
      'TERM=dumb',
      'A=1',
      'HOME=/home/boat',
    ]);
  });

  test('a name without a value takes a variable away', () => {
    expect(processEnv(['HOSTNAME', 'HOME=/'], { ...facts, tty: false })).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/',
    ]);
  });
});

describe('security options', () => {
  test('are read as docker run gives them', () => {
    expect(parseSecurityOptions(['no-new-privileges', 'seccomp=unconfined', 'apparmor=mine', 'label:disable'])).toEqual(
      {
        noNewPrivileges: true,
        apparmorProfile: 'mine',
        writableCgroups: undefined,
        seccomp: 'unconfined',
      },
    );
    expect(parseSecurityOptions(['no-new-privileges:false']).noNewPrivileges).toBe(false);
  });

  test.each(['odd=1', 'no-new-privileges=maybe', 'systempaths=unconfined'])('%s is refused', (option) => {
    expect(() => parseSecurityOptions([option])).toThrow('invalid --security-opt 2');
  });
});

test.each([
  ['SIGTERM', 15],
  ['term', 15],
  ['9', 9],
  ['SIGRTMIN', 34],
  ['SIGRTMIN+3', 37],
  ['RTMAX-1', 63],
  ['SIGIOT', 6],
  ['CLD', 17],
  ['POLL', 29],
])('signal %s is %i', (name, number) => {
  expect(parseSignal(name)).toBe(number);
});

test.each(['65', '-1', '999'])('signal %j is not one of this system', (name) => {
  expect(() => parseSignal(name)).toThrow(`the linux daemon does not support signal ${name}`);
});

test.each(['SIGODD', '0', '', 'RTMIN+31', 'RTMAX-31'])('signal %j is refused', (name) => {
  expect(() => parseSignal(name)).toThrow('invalid signal');
});

test('prune takes times and spans', () => {
  expect(parseUntil('1h30m', 10_000_000)).toBe(10_000_000 - 5_400_000);
  expect(parseUntil('1700000000', 0)).toBe(1_700_000_000_000);
  expect(parseUntil('2023-11-14T22:13:20Z', 0)).toBe(1_700_000_000_000);
  expect(() => parseUntil('whenever', 0)).toThrow('failed to parse value as time or duration: "whenever"');
});

test('a queue runs one task at a time, also after one that failed', async () => {
  const queue = createSerialQueue();
  const seen: string[] = [];
  const first = queue.run(async () => {
    await Promise.resolve();
    seen.push('first');
    throw new Error('no');
  });
  const second = queue.run(async () => seen.push('second'));
  await expect(first).rejects.toThrow('no');
  await second;
  await queue.idle();
  expect(seen).toEqual(['first', 'second']);
});
