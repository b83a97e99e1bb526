import { defineCommand } from '../../command.ts';
import { saveArchive } from '../../streams/save-archive.ts';

export const command = defineCommand({
  path: ['container', 'export'],
  aliases: [['export']],
  summary: "Write a container's files as a tar archive",
  usage: '[OPTIONS] CONTAINER',
  flags: {
    output: { type: 'string', short: 'o', metavar: 'file', help: 'File to write instead of standard output' },
  },
  args: { min: 1, max: 1 },
  completes: 'container',
  async run(ctx) {
    const [id = ''] = ctx.args;
    await saveArchive(ctx, ctx.flags.output, async () => {
      const engine = await ctx.engine();
      return (await engine.bytes('ContainerExport', { params: { id }, signal: ctx.signal })).body;
    });
    return 0;
  },
});
