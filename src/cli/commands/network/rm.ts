import { isWharfError } from '../../../contract/errors.ts';
import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['network', 'rm'],
  aliases: [['network', 'remove']],
  summary: 'Remove networks',
  usage: 'NETWORK [NETWORK...]',
  flags: {
    force: { type: 'bool', short: 'f', help: 'A network that is not there is no failure' },
  },
  args: { min: 1 },
  completes: 'network',
  async run(ctx) {
    const engine = await ctx.engine();
    return eachTarget(ctx, ctx.args, async (id) => {
      try {
        await engine.call('NetworkDelete', { params: { id }, signal: ctx.signal });
      } catch (error) {
        if (!ctx.flags.force || !isWharfError(error) || error.status !== 404) throw error;
      }
      return id;
    });
  },
});
