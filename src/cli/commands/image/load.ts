import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { progressTo, showProgress } from '../../pull/progress-display.ts';
import { inputStream } from '../../streams/input-stream.ts';

export const command = defineCommand({
  path: ['image', 'load'],
  aliases: [['load']],
  summary: 'Load images from a tar archive',
  usage: '[OPTIONS]',
  flags: {
    input: { type: 'string', short: 'i', metavar: 'file', help: 'File to read instead of standard input' },
    platform: { type: 'string', metavar: 'os/arch', help: 'Load only this platform' },
    quiet: { type: 'bool', short: 'q', help: 'Do not show progress' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags, terminal } = ctx;
    if (flags.input === undefined && terminal.stdinIsTty) {
      throw new UsageError('requested load from stdin, but stdin is empty', {
        exitCode: 1,
        hint: 'Name the archive with -i.',
      });
    }
    if (flags.input !== undefined) await stat(flags.input);
    const upload = flags.input === undefined ? inputStream(terminal) : (await openAsBlob(flags.input)).stream();
    const engine = await ctx.engine();
    const query = { quiet: flags.quiet, platform: flags.platform };
    await showProgress(
      engine.jsonStream('ImageLoad', { query, upload, signal: ctx.signal }),
      progressTo(terminal, 'stdout'),
    );
    return 0;
  },
});
