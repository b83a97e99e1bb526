import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemEngineHost } from '../../../machine/default-engine-host.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { engineAnswers } from '../../local-daemon/answers.ts';
import { daemonFiles, lastLines } from '../../local-daemon/daemon-files.ts';
import { waitUntil } from '../../local-daemon/wait-until.ts';
import { productProgram } from '../../product-files.ts';

const startLimitMs = 20_000;

export const command = defineCommand({
  path: ['daemon', 'start'],
  summary: 'Start the engine of this machine in the background',
  usage: '[WHARFD_OPTION...]',
  description:
    'Words after the command go to wharfd, after `--` when they start with a dash: `wharf daemon start -- --log-level debug`.',
  flags: {},
  args: { min: 0 },
  async run(ctx) {
    const files = await daemonFiles(ctx);
    if (await engineAnswers(ctx)) {
      await ctx.terminal.out(`The engine runs already at unix://${files.socket}\n`);
      return 0;
    }
    mkdirSync(dirname(files.logFile), { recursive: true, mode: 0o700 });
    const log = openSync(files.logFile, 'a', 0o600);
    const address = `unix://${files.socket}`;
    const listen = address === systemEngineHost ? [] : ['-H', address, '--exec-root', dirname(files.socket)];
    const child = spawn(productProgram('bin/wharfd'), [...rootlessFlag(address), ...listen, ...ctx.args], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    let ended: string | undefined;
    child.on('error', (error) => {
      ended = error.message;
    });
    child.on('exit', (code, signal) => {
      ended = `it ended with ${signal ?? `exit code ${code}`}`;
    });
    const ready = await waitUntil(
      async () => ended !== undefined || (await engineAnswers(ctx)),
      startLimitMs,
      ctx.signal,
    );
    if (ended !== undefined || !ready) {
      const tail = lastLines(files.logFile, 10);
      if (ended === undefined) child.kill('SIGTERM');
      throw new UsageError(
        `the engine did not start: ${ended ?? `no answer within ${startLimitMs / 1000} s`}\n${tail}`.trimEnd(),
        { exitCode: 1, hint: 'The whole log: `wharf daemon logs`.' },
      );
    }
    child.unref();
    await ctx.terminal.out(`The engine runs at ${address} (process ${child.pid ?? '?'})\n`);
    return 0;
  },
});

/** An ordinary user starts an engine of their own; that of the machine is root's. */
function rootlessFlag(address: string): readonly string[] {
  if (process.getuid?.() === 0) return [];
  if (address !== systemEngineHost) return ['--rootless'];
  throw new UsageError(`the engine at ${systemEngineHost} needs root`, {
    exitCode: 1,
    hint: 'Run `sudo wharf daemon start`.',
  });
}
