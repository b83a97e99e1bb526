import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['container', 'wait'],
  aliases: [['wait']],
  summary: 'Wait until containers stop, then print their exit codes',
  usage: 'CONTAINER [CONTAINER...]',
  flags: {},
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const engine = await ctx.engine();
    return eachTarget(ctx, ctx.args, async (id) => {
      const result = await engine.call('ContainerWait', { params: { id }, signal: ctx.signal });
      return String(result.StatusCode);
    });
  },
});
