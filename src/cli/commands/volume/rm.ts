import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['volume', 'rm'],
  aliases: [['volume', 'remove']],
  summary: 'Remove volumes and their data',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  flags: {
    force: { type: 'bool', short: 'f', help: 'A volume that is not there is no failure' },
  },
  args: { min: 1 },
  completes: 'volume',
  async run(ctx) {
    const engine = await ctx.engine();
    return eachTarget(ctx, ctx.args, async (name) => {
      await engine.call('VolumeDelete', { params: { name }, query: { force: ctx.flags.force }, signal: ctx.signal });
      return name;
    });
  },
});
