import { defineCommand } from '../../command.ts';
import { inspectEach, inspectFlags } from '../../inspect-each.ts';

export const command = defineCommand({
  path: ['network', 'inspect'],
  summary: 'Show everything about networks',
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  flags: {
    ...inspectFlags,
    verbose: { type: 'bool', short: 'v', help: 'Show what helps to find faults' },
  },
  args: { min: 1 },
  completes: 'network',
  async run(ctx) {
    const engine = await ctx.engine();
    const query = { verbose: ctx.flags.verbose ? 'true' : undefined };
    return inspectEach(ctx, ctx.flags.format, (id) =>
      engine.call('NetworkInspect', { params: { id }, query, signal: ctx.signal }),
    );
  },
});
