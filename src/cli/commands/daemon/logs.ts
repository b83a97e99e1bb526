import { createReadStream, existsSync, statSync } from 'node:fs';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { daemonFiles, lastLines } from '../../local-daemon/daemon-files.ts';

const lookAgainMs = 250;

export const command = defineCommand({
  path: ['daemon', 'logs'],
  summary: "Show the engine's log",
  usage: '[OPTIONS]',
  flags: {
    follow: { type: 'bool', short: 'f', help: 'Go on with what comes' },
    tail: { type: 'int', short: 'n', help: 'Number of lines from the end (default all)' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { logFile } = await daemonFiles(ctx);
    if (!existsSync(logFile)) {
      throw new UsageError(`there is no log at ${logFile}`, {
        exitCode: 1,
        hint: 'It is written by engines started with `wharf daemon start`.',
      });
    }
    let at = statSync(logFile).size;
    await ctx.terminal.out(lastLines(logFile, ctx.flags.tail ?? Number.MAX_SAFE_INTEGER));
    while (ctx.flags.follow) {
      ctx.signal.throwIfAborted();
      const { size } = statSync(logFile);
      if (size < at) at = 0;
      if (size > at) {
        for await (const chunk of createReadStream(logFile, { start: at, end: size - 1 }))
          await ctx.terminal.out(chunk);
        at = size;
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
    return 0;
  },
});
