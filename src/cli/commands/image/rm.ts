import { isWharfError } from '../../../contract/errors.ts';
import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['image', 'rm'],
  aliases: [['image', 'remove'], ['rmi']],
  summary: 'Remove images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: {
    force: { type: 'bool', short: 'f', help: 'Remove them although stopped containers use them' },
    'no-prune': { type: 'bool', help: 'Keep parents without a name' },
    platform: { type: 'list', commas: true, metavar: 'os/arch', help: 'Remove only these platforms' },
  },
  args: { min: 1 },
  completes: 'image',
  async run(ctx) {
    const { flags } = ctx;
    const engine = await ctx.engine();
    const query = {
      force: flags.force,
      noprune: flags['no-prune'],
      platforms: flags.platform.length > 0 ? flags.platform.map(platformJson) : undefined,
    };
    return eachTarget(ctx, ctx.args, async (name) => {
      try {
        const items = await engine.call('ImageDelete', { params: { name }, query, signal: ctx.signal });
        return items
          .map(({ Untagged, Deleted }) =>
            Deleted === undefined ? `Untagged: ${Untagged ?? ''}` : `Deleted: ${Deleted}`,
          )
          .join('\n');
      } catch (error) {
        if (!flags.force || !isWharfError(error) || error.status !== 404) throw error;
        await ctx.report(error);
        return undefined;
      }
    });
  },
});

function platformJson(text: string): string {
  const [os = '', architecture = '', variant] = text.split('/');
  return JSON.stringify({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}
