import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['container', 'unpause'],
  aliases: [['unpause']],
  summary: 'Let the processes of paused containers go on',
  usage: 'CONTAINER [CONTAINER...]',
  flags: {},
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const engine = await ctx.engine();
    return eachTarget(ctx, ctx.args, async (id) => {
      await engine.call('ContainerUnpause', { params: { id }, signal: ctx.signal });
      return id;
    });
  },
});
