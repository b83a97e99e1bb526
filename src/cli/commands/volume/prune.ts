import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { humanSize } from '../../format/sizes.ts';
import { confirm } from '../../prompt/confirm.ts';
import { deletedNames } from '../../views/pruned-text.ts';

export const command = defineCommand({
  path: ['volume', 'prune'],
  summary: 'Remove volumes no container uses',
  usage: '[OPTIONS]',
  flags: {
    all: { type: 'bool', short: 'a', help: 'Remove those with a name too' },
    filter: { type: 'list', metavar: 'name=value', help: 'Remove only those that match, such as label=a' },
    force: { type: 'bool', short: 'f', help: 'Do not ask' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const filters = { ...parseFilters(flags.filter), ...(flags.all ? { all: ['true'] } : {}) };
    const what = flags.all ? 'all volumes' : 'anonymous local volumes';
    const question = `WARNING! This will remove ${what} not used by at least one container.\nAre you sure you want to continue?`;
    if (!flags.force && !(await confirm(ctx.terminal, question, ctx.signal))) return 0;
    const engine = await ctx.engine();
    const { VolumesDeleted, SpaceReclaimed } = await engine.call('VolumePrune', {
      query: { filters },
      signal: ctx.signal,
    });
    await ctx.terminal.out(
      `${deletedNames('Deleted Volumes', VolumesDeleted ?? [])}Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`,
    );
    return 0;
  },
});
