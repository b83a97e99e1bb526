import { defineCommand } from '../../command.ts';
import { progressTo, showProgress } from '../../pull/progress-display.ts';
import { openArchive } from '../../streams/open-archive.ts';

export const command = defineCommand({
  path: ['image', 'load'],
  aliases: [['load']],
  summary: 'Load images from a tar archive',
  usage: '[OPTIONS]',
  description: 'Takes archives of `save` and OCI image layouts, plain or packed with gzip, zstd, xz or bzip2.',
  flags: {
    input: { type: 'string', short: 'i', metavar: 'file', help: 'File to read instead of standard input' },
    platform: { type: 'string', metavar: 'os/arch', help: 'Load only this platform' },
    quiet: { type: 'bool', short: 'q', help: 'Only say what was loaded' },
  },
  args: { min: 0, max: 0 },
  completes: 'file',
  async run(ctx) {
    const { input, platform, quiet } = ctx.flags;
    const upload = await openArchive(ctx, input ?? '-', 'requested load from stdin, but stdin is empty');
    const engine = await ctx.engine();
    const messages = engine.jsonStream('ImageLoad', {
      query: { quiet: quiet || !ctx.terminal.stdoutIsTty, platform: platform === undefined ? [] : [platform] },
      upload,
      signal: ctx.signal,
    });
    await showProgress(messages, progressTo(ctx.terminal, 'stdout'));
    return 0;
  },
});
