import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { humanSize } from '../../format/sizes.ts';
import { confirm } from '../../prompt/confirm.ts';

export const command = defineCommand({
  path: ['container', 'prune'],
  summary: 'Remove all stopped containers',
  usage: '[OPTIONS]',
  flags: {
    filter: { type: 'list', metavar: 'name=value', help: 'Remove only those that match, such as until=24h' },
    force: { type: 'bool', short: 'f', help: 'Do not ask' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const filters = parseFilters(ctx.flags.filter);
    if (!ctx.flags.force) {
      const question = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?';
      if (!(await confirm(ctx.terminal, question, ctx.signal))) return 0;
    }
    const engine = await ctx.engine();
    const result = await engine.call('ContainerPrune', { query: { filters }, signal: ctx.signal });
    const removed = result.ContainersDeleted ?? [];
    const list = removed.length > 0 ? `Deleted Containers:\n${removed.map((id) => `${id}\n`).join('')}\n` : '';
    await ctx.terminal.out(`${list}Total reclaimed space: ${humanSize(result.SpaceReclaimed)}\n`);
    return 0;
  },
});
