import { defineCommand } from '../../command.ts';
import { inspectEach, inspectFlags } from '../../inspect-each.ts';

export const command = defineCommand({
  path: ['container', 'inspect'],
  summary: 'Show everything about containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: {
    ...inspectFlags,
    size: { type: 'bool', short: 's', help: 'Show sizes on disk' },
  },
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const engine = await ctx.engine();
    return inspectEach(ctx, ctx.flags.format, (id) =>
      engine.call('ContainerInspect', { params: { id }, query: { size: ctx.flags.size }, signal: ctx.signal }),
    );
  },
});
