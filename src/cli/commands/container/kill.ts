import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['container', 'kill'],
  aliases: [['kill']],
  summary: 'Kill running containers, or send them a signal',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: {
    signal: { type: 'string', short: 's', help: 'Signal to send (default KILL)' },
  },
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const engine = await ctx.engine();
    return eachTarget(ctx, ctx.args, async (id) => {
      await engine.call('ContainerKill', {
        params: { id },
        query: { signal: ctx.flags.signal ?? 'KILL' },
        signal: ctx.signal,
      });
      return id;
    });
  },
});
