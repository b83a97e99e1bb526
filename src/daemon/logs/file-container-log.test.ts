import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogEntry, ReadLogOptions } from './container-log.ts';
import { createContainerLog } from './file-container-log.ts';
import { timestampNano } from './k8s-file.ts';
import type { OutputEnd } from './log-follower.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/wharf-log-`);
  path = `${folder}/container.log`;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const all: ReadLogOptions = { stdout: true, stderr: true, follow: false, signal: new AbortController().signal };
const over = { done: () => true, onDone: () => () => undefined };

/** An output end that a test brings about. */
function openEnd() {
  let done = false;
  const listeners = new Set<() => void>();
  return {
    done: () => done,
    onDone: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    finish: () => {
      done = true;
      for (const listener of listeners) listener();
    },
  };
}

function line(second: number, stream: 'stdout' | 'stderr', tag: 'F' | 'P', text: string): string {
  return `2026-11-22T04:06:${String(second).padStart(2, '0')}.000000000+00:00 ${stream} ${tag} ${text}\n`;
}

async function read(options: Partial<ReadLogOptions> = {}, end: OutputEnd = over): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const batch of createContainerLog(path).read({ ...all, ...options }, end)) entries.push(...batch);
  return entries;
}

const textOf = (entries: readonly LogEntry[]) => entries.map((entry) => Buffer.from(entry.bytes).toString());

describe('reading a container log', () => {
  it('gives each line with its stream, its end and its time in UTC', async () => {
    writeFileSync(path, line(1, 'stdout', 'F', 'one') + line(2, 'stderr', 'F', '') + line(3, 'stdout', 'F', 'three'));
    const entries = await read();
    expect(entries.map(({ stream, timestamp }) => [stream, timestamp])).toEqual([
      ['stdout', '2026-11-22T04:06:01.000000000Z'],
      ['stderr', '2026-11-22T04:06:02.000000000Z'],
      ['stdout', '2026-11-22T04:06:03.000000000Z'],
    ]);
    expect(textOf(entries)).toEqual(['one\n', '\n', 'three\n']);
  });

  it('turns a local time with another zone into UTC', async () => {
    writeFileSync(path, '2026-11-22T06:06:01.123456789+02:00 stdout F x\n2026-11-22T04:06:01.5Z stdout F y\n');
    const entries = await read();
    expect(entries[0]?.timestamp).toBe('2026-11-22T04:06:01.123456789Z');
  });

  it('reads an absent file as empty', async () => {
    expect(await read()).toEqual([]);
    expect(await read({ tail: 5 })).toEqual([]);
  });

  it('joins the pieces of a line, each stream for itself, and keeps an unfinished one without its end', async () => {
    const pieces = [line(1, 'stdout', 'P', 'ab'), line(2, 'stderr', 'P', 'er'), line(3, 'stdout', 'F', 'cd')];
    writeFileSync(path, pieces.join('') + line(4, 'stderr', 'P', 'ror'));
    const entries = await read();
    expect(textOf(entries)).toEqual(['abcd\n', 'error']);
    expect(entries[0]?.timestamp).toBe('2026-11-22T04:06:01.000000000Z');
  });

  it('passes a very long line on in parts of 16 KiB, each with the time of its beginning and a line to the tail', async () => {
    writeFileSync(path, line(1, 'stdout', 'P', 'x'.repeat(8192)).repeat(5) + line(1, 'stdout', 'F', 'end'));
    const entries = await read();
    expect(textOf(entries).join('')).toBe(`${'x'.repeat(8192 * 5)}end\n`);
    expect(entries.map((entry) => entry.bytes.length)).toEqual([16_384, 16_384, 8_196]);
    expect(new Set(entries.map((entry) => entry.timestamp)).size).toBe(1);
    expect((await read({ tail: 2 })).map((entry) => entry.bytes.length)).toEqual([16_384, 8_196]);
  });

  it('selects streams, times and the last lines', async () => {
    let text = '';
    for (let second = 0; second < 60; second += 1)
      text += line(second, second % 2 ? 'stderr' : 'stdout', 'F', `${second}`);
    writeFileSync(path, text);
    expect(textOf(await read({ tail: 3 }))).toEqual(['57\n', '58\n', '59\n']);
    expect(textOf(await read({ tail: 2, stderr: false }))).toEqual(['56\n', '58\n']);
    expect(textOf(await read({ tail: 0 }))).toEqual([]);
    expect(textOf(await read({ tail: 1000 }))).toHaveLength(60);
    const at = (second: number) => timestampNano(`2026-11-22T04:06:${second}.000000000Z`);
    expect(textOf(await read({ sinceNano: at(57) }))).toEqual(['57\n', '58\n', '59\n']);
    expect(textOf(await read({ sinceNano: at(57), untilNano: at(58) }))).toEqual(['57\n', '58\n']);
    expect(textOf(await read({ tail: 5, sinceNano: at(58) }))).toEqual(['58\n', '59\n']);
  });

  it('finds the last lines of a large file, with lines in pieces among them', async () => {
    let text = '';
    for (let n = 0; n < 30_000; n += 1) text += line(1, 'stdout', 'P', `a${n}`) + line(1, 'stdout', 'F', `b${n}`);
    writeFileSync(path, text);
    const expected = Array.from({ length: 12_000 }, (_, index) => `a${18_000 + index}b${18_000 + index}\n`);
    expect(textOf(await read({ tail: 12_000 }))).toEqual(expected);
    expect(textOf(await read({ tail: 1 }))).toEqual(['a29999b29999\n']);
  });

  it('leaves out a line that a crash tore', async () => {
    writeFileSync(path, `${line(1, 'stdout', 'F', 'one')}garbage\n${line(2, 'stdout', 'F', 'two')}2026-11-22T0`);
    expect(textOf(await read())).toEqual(['one\n', 'two\n']);
  });

  it('never takes several lines for one, however the file grows while it is read', async () => {
    writeFileSync(path, '');
    let next = 0;
    const grow = () =>
      appendFileSync(path, Array.from({ length: 20 }, () => line(1, 'stdout', 'F', `${next++}`)).join(''));
    const writer = setInterval(grow, 0);
    try {
      for (let turn = 0; turn < 150; turn++) {
        const seen = textOf(await read());
        expect(seen).toEqual(seen.map((_, at) => `${at}\n`));
      }
    } finally {
      clearInterval(writer);
    }
  });

  it('reads 20 MiB of short lines well under a second', async () => {
    const one = line(1, 'stdout', 'F', 'a line of about sixty letters, as programs print all day long');
    writeFileSync(path, one.repeat(Math.ceil((20 * 1024 * 1024) / one.length)));
    const start = performance.now();
    let bytes = 0;
    for await (const batch of createContainerLog(path).read(all, over))
      for (const entry of batch) bytes += entry.bytes.length;
    const elapsedMs = performance.now() - start;
    expect(bytes).toBeGreaterThan(10 * 1024 * 1024);
    expect(elapsedMs).toBeLessThan(2000);
  });
});

describe('following a container log', () => {
  const soon = () => new Promise((resolve) => setTimeout(resolve, 30));

  it('gives what is written later and ends when the output is over, without losing the last line', async () => {
    writeFileSync(path, line(1, 'stdout', 'F', 'one'));
    const end = openEnd();
    const entries = read({ follow: true }, end);
    await soon();
    appendFileSync(path, line(2, 'stdout', 'F', 'two'));
    await soon();
    const half = line(3, 'stdout', 'F', 'three');
    appendFileSync(path, half.slice(0, 20));
    await soon();
    appendFileSync(path, half.slice(20));
    appendFileSync(path, line(4, 'stdout', 'F', 'last'));
    end.finish();
    expect(textOf(await entries)).toEqual(['one\n', 'two\n', 'three\n', 'last\n']);
  });

  it('begins behind what was there with a tail of none', async () => {
    writeFileSync(path, line(1, 'stdout', 'F', 'one'));
    const end = openEnd();
    const entries = read({ follow: true, tail: 0 }, end);
    await soon();
    appendFileSync(path, line(2, 'stdout', 'F', 'two'));
    end.finish();
    expect(textOf(await entries)).toEqual(['two\n']);
  });

  it('goes on after the file was cut to nothing or replaced', async () => {
    writeFileSync(path, line(1, 'stdout', 'F', 'a long first line that makes the file large'));
    const end = openEnd();
    const seen: string[] = [];
    const following = (async () => {
      for await (const batch of createContainerLog(path).read({ ...all, follow: true }, end))
        seen.push(...textOf(batch));
    })();
    await soon();
    truncateSync(path);
    appendFileSync(path, line(2, 'stdout', 'F', 'cut'));
    await soon();
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, line(3, 'stdout', 'F', 'old'));
    writeFileSync(path, line(4, 'stdout', 'F', 'new'));
    await soon();
    appendFileSync(path, line(5, 'stdout', 'F', 'more'));
    await expect.poll(() => seen).toContain('more\n');
    end.finish();
    await following;
    expect(seen.slice(1)).toEqual(['cut\n', 'old\n', 'new\n', 'more\n']);
  });

  it('sees a file that comes later', async () => {
    const seen: string[] = [];
    const end = openEnd();
    const following = (async () => {
      for await (const batch of createContainerLog(path).read({ ...all, follow: true }, end))
        seen.push(...textOf(batch));
    })();
    await soon();
    writeFileSync(path, line(1, 'stdout', 'F', 'first'));
    await expect.poll(() => seen).toEqual(['first\n']);
    appendFileSync(path, line(2, 'stdout', 'F', 'second'));
    await expect.poll(() => seen).toEqual(['first\n', 'second\n']);
    end.finish();
    await following;
  });

  it('ends at its signal and at the time asked for', async () => {
    writeFileSync(path, line(1, 'stdout', 'F', 'one'));
    const stop = new AbortController();
    const following = read({ follow: true, signal: stop.signal }, openEnd());
    setTimeout(() => stop.abort(), 30);
    expect(textOf(await following)).toEqual(['one\n']);
    const untilNano = BigInt(Date.now() + 50) * 1_000_000n;
    expect(textOf(await read({ follow: true, untilNano }, openEnd()))).toEqual(['one\n']);
  });
});
