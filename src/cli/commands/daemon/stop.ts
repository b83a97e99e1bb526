import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { daemonFiles, runningDaemon } from '../../local-daemon/daemon-files.ts';
import { waitUntil } from '../../local-daemon/wait-until.ts';

const stopLimitMs = 30_000;

export const command = defineCommand({
  path: ['daemon', 'stop'],
  summary: 'Stop the engine of this machine; containers go on',
  usage: '',
  flags: {},
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { pidFile } = await daemonFiles(ctx);
    const pid = runningDaemon(pidFile);
    if (pid === undefined) {
      await ctx.terminal.out('The engine does not run\n');
      return 0;
    }
    try {
      process.kill(pid, 'SIGTERM');
    } catch (error) {
      throw new UsageError(`cannot stop process ${pid}: ${error instanceof Error ? error.message : String(error)}`, {
        exitCode: 1,
        hint: 'Run `sudo wharf daemon stop`.',
      });
    }
    const gone = await waitUntil(async () => runningDaemon(pidFile) !== pid, stopLimitMs, ctx.signal);
    if (!gone)
      throw new UsageError(`process ${pid} did not end within ${stopLimitMs / 1000} s`, {
        exitCode: 1,
        hint: 'See `wharf daemon logs`.',
      });
    await ctx.terminal.out('The engine has stopped\n');
    return 0;
  },
});
