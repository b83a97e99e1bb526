import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { humanSize } from '../../format/sizes.ts';
import { confirm } from '../../prompt/confirm.ts';
import { deletedImages } from '../../views/pruned-text.ts';

export const command = defineCommand({
  path: ['image', 'prune'],
  summary: 'Remove images nothing uses',
  usage: '[OPTIONS]',
  flags: {
    all: { type: 'bool', short: 'a', help: 'Remove those with a name too, when no container uses them' },
    filter: { type: 'list', metavar: 'name=value', help: 'Remove only those that match, such as until=24h' },
    force: { type: 'bool', short: 'f', help: 'Do not ask' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const filters = { ...parseFilters(flags.filter), dangling: [flags.all ? 'false' : 'true'] };
    if (!flags.force) {
      const what = flags.all ? 'all images without at least one container associated to them' : 'all dangling images';
      if (
        !(await confirm(
          ctx.terminal,
          `WARNING! This will remove ${what}.\nAre you sure you want to continue?`,
          ctx.signal,
        ))
      )
        return 0;
    }
    const engine = await ctx.engine();
    const result = await engine.call('ImagePrune', { query: { filters }, signal: ctx.signal });
    await ctx.terminal.out(
      `${deletedImages(result.ImagesDeleted ?? [])}Total reclaimed space: ${humanSize(result.SpaceReclaimed)}\n`,
    );
    return 0;
  },
});
