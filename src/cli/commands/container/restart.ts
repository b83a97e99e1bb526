import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['container', 'restart'],
  aliases: [['restart']],
  summary: 'Stop containers and start them again',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: {
    signal: { type: 'string', short: 's', help: 'Signal that asks them to end' },
    time: { type: 'int', hidden: true, help: 'Same as --timeout' },
    timeout: { type: 'int', short: 't', help: 'Seconds to wait before they are killed; -1 for ever' },
  },
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const engine = await ctx.engine();
    const query = { signal: ctx.flags.signal, t: ctx.flags.timeout ?? ctx.flags.time };
    return eachTarget(ctx, ctx.args, async (id) => {
      await engine.call('ContainerRestart', { params: { id }, query, signal: ctx.signal });
      return id;
    });
  },
});
