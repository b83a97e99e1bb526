import { closeSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { pipe2, SystemCallError } from './libc.ts';
import { spawnProcess } from './spawn.ts';

const env = { PATH: '/usr/bin:/bin', GREETING: 'two words' };

async function outputOf(path: string, args: readonly string[]) {
  const { readFd, writeFd } = pipe2();
  const child = spawnProcess({ path, args, env, fds: ['ignore', writeFd, writeFd] });
  closeSync(writeFd);
  const reader = new Socket({ fd: readFd, readable: true, writable: false });
  let text = '';
  reader.on('data', (bytes) => {
    text += String(bytes);
  });
  const exitCode = await child.exited;
  if (!reader.closed) await new Promise((resolve) => reader.once('close', resolve));
  return { text, exitCode };
}

describe('a spawned program', () => {
  it('has its arguments, its environment alone, the root as folder, and gives its exit code', async () => {
    const script = 'printf "%s|%s|%s" "$GREETING" "$1" "$PWD"; exit 7';
    expect(await outputOf('/bin/sh', ['-c', script, 'sh', 'a "b"'])).toEqual({
      text: 'two words|a "b"|/',
      exitCode: 7,
    });
  });

  it('ignores and blocks no signal, whatever Node does, and leads a session of its own', async () => {
    const { text } = await outputOf('/bin/cat', ['/proc/self/status', '/proc/self/stat']);
    expect(text).toMatch(/^SigIgn:\t0+$/m);
    expect(text).toMatch(/^SigBlk:\t0+$/m);
    const [, pid, session] = /^(\d+) \(cat\) R \d+ \d+ (\d+) /m.exec(text) ?? [];
    expect(pid).toBeDefined();
    expect(session).toBe(pid);
  });

  it('ended by a signal counts as 128 and its number, and nothing of it is left', async () => {
    const child = spawnProcess({ path: '/bin/sleep', args: ['600'], env, fds: ['ignore', 'ignore', 'ignore'] });
    child.kill('SIGKILL');
    expect(await child.exited).toBe(137);
    expect(() => readFileSync(`/proc/${child.pid}/stat`)).toThrow(/ENOENT/);
    child.kill('SIGKILL');
  });

  it('that can not be executed is an error with its errno', () => {
    expect(() => spawnProcess({ path: '/nonexistent', args: [], env, fds: [] })).toThrow(SystemCallError);
    expect(() => spawnProcess({ path: '/nonexistent', args: [], env, fds: [] })).toThrow(/ENOENT/);
  });
});
