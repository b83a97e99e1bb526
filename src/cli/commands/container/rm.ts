import { isWharfError } from '../../../contract/errors.ts';
import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['container', 'rm'],
  aliases: [['container', 'remove'], ['rm']],
  summary: 'Remove containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: {
    force: { type: 'bool', short: 'f', help: 'Remove running ones too (they are killed)' },
    link: { type: 'bool', short: 'l', help: 'Remove the link of this name' },
    volumes: { type: 'bool', short: 'v', help: 'Remove their anonymous volumes too' },
  },
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const { flags } = ctx;
    const engine = await ctx.engine();
    const query = { force: flags.force, link: flags.link, v: flags.volumes };
    return eachTarget(ctx, ctx.args, async (target) => {
      const id = target.replace(/^\//, '');
      try {
        await engine.call('ContainerDelete', { params: { id }, query, signal: ctx.signal });
      } catch (error) {
        // docker's -f is for scripts: what is not there needs no removing, but is told.
        if (!flags.force || !isWharfError(error) || error.status !== 404) throw error;
        await ctx.report(error);
        return undefined;
      }
      return target;
    });
  },
});
