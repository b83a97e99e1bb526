import { defineCommand } from '../../command.ts';
import { saveArchive } from '../../streams/save-archive.ts';

export const command = defineCommand({
  path: ['image', 'save'],
  aliases: [['save']],
  summary: 'Write images to one tar archive',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  description:
    'The archive is an OCI image layout and can be read by `docker load` too. A name without a tag stands for all its tags.',
  flags: {
    output: { type: 'string', short: 'o', metavar: 'file', help: 'File to write instead of standard output' },
    platform: { type: 'list', metavar: 'os/arch', help: 'Write only this platform; several of an image held with all' },
  },
  args: { min: 1 },
  completes: 'image',
  async run(ctx) {
    const names = [...ctx.args];
    const { platform } = ctx.flags;
    await saveArchive(ctx, ctx.flags.output, async () => {
      const engine = await ctx.engine();
      return (await engine.bytes('ImageGetAll', { query: { names, platform }, signal: ctx.signal })).body;
    });
    return 0;
  },
});
