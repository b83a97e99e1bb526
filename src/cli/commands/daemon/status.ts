import { existsSync } from 'node:fs';
import { defineCommand } from '../../command.ts';
import { engineAnswers } from '../../local-daemon/answers.ts';
import { daemonFiles, runningDaemon } from '../../local-daemon/daemon-files.ts';

/** As systemctl answers for a service that does not run. */
const notRunningCode = 3;

export const command = defineCommand({
  path: ['daemon', 'status'],
  summary: 'Tell whether the engine of this machine runs',
  usage: '',
  flags: {},
  args: { min: 0, max: 0 },
  async run(ctx) {
    const files = await daemonFiles(ctx);
    const pid = runningDaemon(files.pidFile);
    if (!(await engineAnswers(ctx))) {
      const what =
        pid === undefined
          ? 'The engine does not run'
          : `Process ${pid} runs but does not answer at unix://${files.socket}`;
      await ctx.terminal.out(`${what}\n`);
      return notRunningCode;
    }
    const engine = await ctx.engine();
    const { Version, ApiVersion } = await engine.call('SystemVersion', { signal: ctx.signal });
    const process = pid === undefined ? '' : ` (process ${pid})`;
    // An engine that `wharf daemon start` did not start logs elsewhere.
    const log = existsSync(files.logFile) ? `Log ${files.logFile}\n` : '';
    await ctx.terminal.out(
      `The engine runs at unix://${files.socket}${process}\nVersion ${Version}, API ${ApiVersion}\n${log}`,
    );
    return 0;
  },
});
