import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReadLogOptions } from './container-log.ts';
import { createContainerLog } from './file-container-log.ts';
import { startLogRotation } from './log-rotation.ts';
import { rotateLog } from './rotate-log.ts';

let folder: string;
let path: string;
let next = 0;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/wharf-rotate-`);
  path = `${folder}/container.log`;
  writeFileSync(path, '');
  next = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { signal } = new AbortController();
const all: ReadLogOptions = { stdout: true, stderr: true, follow: false, signal };
const over = { done: () => true, onDone: () => () => undefined };

/** What conmon does when it is told to reopen. */
const reopen = async () => {
  writeFileSync(`${path}.tmp`, '');
  renameSync(`${path}.tmp`, path);
};

function write(lines: number): void {
  let text = '';
  for (let n = 0; n < lines; n += 1) text += `2026-11-22T04:06:27.351393879+00:00 stdout F line ${next++}\n`;
  appendFileSync(path, text);
}

async function read(options: Partial<ReadLogOptions> = {}): Promise<number[]> {
  const numbers: number[] = [];
  for await (const batch of createContainerLog(path).read({ ...all, ...options }, over)) {
    for (const { bytes } of batch) numbers.push(Number(Buffer.from(bytes).toString().slice(5)));
  }
  return numbers;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
const files = () => readdirSync(folder).sort();
const retention = { maxBytes: 10_000, maxFiles: 3, compress: false };

test('all files are read in order, and the last lines are found across them', async () => {
  for (let turn = 0; turn < 3; turn += 1) {
    write(100);
    await rotateLog(path, { retention, reopen, signal });
  }
  write(10);
  expect(files()).toEqual(['container.log', 'container.log.2', 'container.log.3']);
  expect(await read()).toEqual(range(100, 310));
  for (const tail of [1, 10, 11, 110, 111, 209, 210, 500]) {
    expect(await read({ tail })).toEqual(range(Math.max(100, 310 - tail), 310));
  }
});

test('compressed files read as the others do', async () => {
  for (let turn = 0; turn < 2; turn += 1) {
    write(100);
    await rotateLog(path, { retention: { ...retention, compress: true }, reopen, signal });
  }
  write(5);
  expect(files()).toEqual(['container.log', 'container.log.1.gz', 'container.log.2.gz']);
  expect(await read()).toEqual(range(0, 205));
  expect(await read({ tail: 7 })).toEqual(range(198, 205));
  expect(await read({ tail: 150 })).toEqual(range(55, 205));
});

test('a burst far beyond the bounds leaves no more than they allow, from the beginning of a line on', async () => {
  write(5000);
  await rotateLog(path, { retention, reopen, signal });
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(20_000);
  const kept = await read();
  expect(kept.length).toBeGreaterThan(300);
  expect(kept).toEqual(range(5000 - kept.length, 5000));
});

test('with one file the log begins anew', async () => {
  write(250);
  await rotateLog(path, { retention: { ...retention, maxFiles: 1 }, reopen, signal });
  write(1);
  const kept = await read();
  expect(kept).toEqual(range(251 - kept.length, 251));
  expect(kept.length).toBeLessThan(200);
});

test('a rotation that a crash cut short is neither read twice nor lost, and is finished by the next', async () => {
  write(100);
  const lost = rotateLog(path, {
    retention,
    reopen: () => Promise.reject(new Error('killed')),
    signal,
  });
  await expect(lost).rejects.toThrow('killed');
  expect(await read()).toEqual(range(0, 100));
  expect(await read({ tail: 3 })).toEqual(range(97, 100));
  write(20);
  expect(await read()).toEqual(range(0, 120));
  await rotateLog(path, { retention, reopen, signal });
  write(1);
  expect(await read()).toEqual(range(0, 121));
  expect(files()).toEqual(['container.log', 'container.log.1']);
});

test('a follower misses nothing and sees nothing twice while the log goes round', async () => {
  let done = false;
  const listeners = new Set<() => void>();
  const end = {
    done: () => done,
    onDone(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const seen: number[] = [];
  const following = (async () => {
    for await (const batch of createContainerLog(path).read({ ...all, follow: true }, end)) {
      for (const { bytes } of batch) seen.push(Number(Buffer.from(bytes).toString().slice(5)));
    }
  })();
  for (let turn = 0; turn < 12; turn += 1) {
    write(150);
    // As far behind as the kept files reach, and no farther.
    if (turn % 2 === 1) await expect.poll(() => seen.length).toBe(next);
    await rotateLog(path, { retention: { ...retention, compress: turn % 3 === 0 }, reopen, signal });
    write(3);
  }
  done = true;
  for (const listener of listeners) listener();
  await following;
  expect(seen).toEqual(range(0, next));
});

test('a log that grows is put aside by itself, and what the end leaves is brought within the bounds', async () => {
  const failures: unknown[] = [];
  const stop = startLogRotation({ path, retention, reopen, onFailure: (error) => failures.push(error) });
  write(300);
  await expect.poll(files, { timeout: 10_000 }).toContain('container.log.1');
  expect(readFileSync(path, 'utf8')).toBe('');
  write(3000);
  await stop();
  expect(failures).toEqual([]);
  const kept = await read();
  expect(kept).toEqual(range(3300 - kept.length, 3300));
  expect(kept.length).toBeLessThan(800);
});
