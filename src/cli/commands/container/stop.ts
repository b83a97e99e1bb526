import { defineCommand } from '../../command.ts';
import { stopFlags, stopQuery } from '../../container-options/stop-flags.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['container', 'stop'],
  aliases: [['stop']],
  summary: 'Stop running containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: stopFlags,
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const engine = await ctx.engine();
    const query = stopQuery(ctx.flags);
    return eachTarget(ctx, ctx.args, async (id) => {
      await engine.call('ContainerStop', { params: { id }, query, signal: ctx.signal });
      return id;
    });
  },
});
