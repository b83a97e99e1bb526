import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeEngine, frame } from './test-support/fake-engine.ts';

const main = join(import.meta.dirname, 'main.ts');
const node = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'node');

function start(argv: readonly string[]) {
  const child = spawn(node, [main, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stderr })),
  );
  return { child, ended, stderrSoFar: () => stderr };
}

describe('the process', () => {
  it('ends quietly when the reader of its output goes away', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /containers/web/json', { body: { Id: 'web', Config: { Tty: false } } });
    engine.on('GET /containers/web/logs', {
      stream: async (response) => {
        for (let line = 0; line < 20_000 && !response.destroyed; line += 1) {
          if (!response.write(frame(1, `line ${line} ${'x'.repeat(200)}\n`)))
            await new Promise((resolve) => setImmediate(resolve));
        }
      },
    });
    const { child, ended } = start(['-H', engine.host, 'logs', 'web']);
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await ended).toEqual({ code: 141, stderr: '' });
  });

  it('ends with 130 on Ctrl-C in the middle of a pull and lets the engine know', async () => {
    await using engine = await fakeEngine();
    const closed = Promise.withResolvers<void>();
    engine.on('POST /images/create', {
      stream: (response) => {
        response.write('{"status":"Pulling fs layer","id":"abc"}\n');
        return new Promise<void>((resolve) => {
          response.on('close', () => {
            closed.resolve();
            resolve();
          });
        });
      },
    });
    const { child, ended } = start(['-H', engine.host, 'pull', 'busybox:1']);
    child.stdout.on('data', (data: Buffer) => {
      if (data.toString().includes('Pulling fs layer')) child.kill('SIGINT');
    });
    expect(await ended).toEqual({ code: 130, stderr: '' });
    await closed.promise;
  });
});
