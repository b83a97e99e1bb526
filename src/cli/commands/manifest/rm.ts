import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['manifest', 'rm'],
  summary: 'Remove manifest lists; images stay',
  usage: 'LIST [LIST...]',
  flags: {},
  args: { min: 1 },
  completes: 'image',
  async run(ctx) {
    const engine = await ctx.engine();
    return eachTarget(ctx, ctx.args, async (name) => {
      await engine.call('ManifestDelete', { params: { name }, signal: ctx.signal });
      return name;
    });
  },
});
