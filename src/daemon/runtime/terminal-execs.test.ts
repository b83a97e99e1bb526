import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outputInLog } from './terminal-execs.ts';

test('output that the runtime put into its log is found behind its records, without the line ends it added', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-log-'));
  const log = join(folder, 'log');
  const read = async (text: string) => {
    writeFileSync(log, text);
    return (await outputInLog(log)).toString();
  };
  try {
    expect(await read('')).toBe('');
    expect(await read('o\r\n\n')).toBe('o\r\n');
    const record = '{"msg":"careful","level":"warning","time":"2026-11-22T05:40:24Z"}\n';
    expect(await read(record)).toBe('');
    expect(await read(`${record}{"mine":1}\r\n\n`)).toBe('{"mine":1}\r\n');
    const long = 'x'.repeat(600);
    expect(await read(`${long.slice(0, 255)}\n${long.slice(255, 510)}\n${long.slice(510)}\n`)).toBe(long);
    expect((await outputInLog(join(folder, 'none'))).length).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
