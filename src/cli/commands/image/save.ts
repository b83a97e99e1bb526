import { defineCommand } from '../../command.ts';
import { saveArchive } from '../../streams/save-archive.ts';

export const command = defineCommand({
  path: ['image', 'save'],
  aliases: [['save']],
  summary: 'Write images to a tar archive',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: {
    output: { type: 'string', short: 'o', metavar: 'file', help: 'File to write instead of standard output' },
    platform: { type: 'string', metavar: 'os/arch', help: 'Save only this platform' },
  },
  args: { min: 1 },
  completes: 'image',
  async run(ctx) {
    const query = { names: ctx.args, platform: ctx.flags.platform };
    await saveArchive(ctx, ctx.flags.output, async () => {
      const engine = await ctx.engine();
      return (await engine.bytes('ImageGetAll', { query, signal: ctx.signal })).body;
    });
    return 0;
  },
});
