import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { confirm } from '../../prompt/confirm.ts';
import { deletedNames } from '../../views/pruned-text.ts';

export const command = defineCommand({
  path: ['network', 'prune'],
  summary: 'Remove networks no container uses',
  usage: '[OPTIONS]',
  flags: {
    filter: { type: 'list', metavar: 'name=value', help: 'Remove only those that match, such as until=24h' },
    force: { type: 'bool', short: 'f', help: 'Do not ask' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const filters = parseFilters(ctx.flags.filter);
    const question =
      'WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?';
    if (!ctx.flags.force && !(await confirm(ctx.terminal, question, ctx.signal))) return 0;
    const engine = await ctx.engine();
    const { NetworksDeleted } = await engine.call('NetworkPrune', { query: { filters }, signal: ctx.signal });
    await ctx.terminal.out(deletedNames('Deleted Networks', NetworksDeleted ?? []));
    return 0;
  },
});
