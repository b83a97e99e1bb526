import { defineCommand } from '../../command.ts';
import { inspectEach, inspectFlags } from '../../inspect-each.ts';

export const command = defineCommand({
  path: ['image', 'inspect'],
  summary: 'Show everything about images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: {
    ...inspectFlags,
    platform: { type: 'string', metavar: 'os/arch', help: 'Platform of an image that has several' },
  },
  args: { min: 1 },
  completes: 'image',
  async run(ctx) {
    const engine = await ctx.engine();
    const query = { platform: ctx.flags.platform };
    return inspectEach(ctx, ctx.flags.format, (name) =>
      engine.call('ImageInspect', { params: { name }, query, signal: ctx.signal }),
    );
  },
});
