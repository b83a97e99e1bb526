import { defineCommand } from '../../command.ts';
import { inspectEach, inspectFlags } from '../../inspect-each.ts';

export const command = defineCommand({
  path: ['volume', 'inspect'],
  summary: 'Show everything about volumes',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  flags: inspectFlags,
  args: { min: 1 },
  completes: 'volume',
  async run(ctx) {
    const engine = await ctx.engine();
    return inspectEach(ctx, ctx.flags.format, (name) =>
      engine.call('VolumeInspect', { params: { name }, signal: ctx.signal }),
    );
  },
});
