import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { renderList } from '../../format/list-view.ts';
import { volumeRow, volumeView } from '../../views/volume-view.ts';

export const command = defineCommand({
  path: ['volume', 'ls'],
  aliases: [['volume', 'list']],
  summary: 'List volumes',
  usage: '[OPTIONS]',
  flags: {
    filter: {
      type: 'list',
      short: 'f',
      metavar: 'name=value',
      help: 'Show only those that match, such as dangling=true',
    },
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    quiet: { type: 'bool', short: 'q', help: 'Only print names' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const engine = await ctx.engine();
    const { Volumes, Warnings } = await engine.call('VolumeList', {
      query: { filters: parseFilters(ctx.flags.filter) },
      signal: ctx.signal,
    });
    for (const warning of Warnings ?? []) await ctx.terminal.err(`WARNING: ${warning}\n`);
    const rows = [...(Volumes ?? [])].sort((a, b) => (a.Name < b.Name ? -1 : 1)).map(volumeRow);
    await ctx.terminal.out(renderList(rows, volumeView, ctx.flags));
    return 0;
  },
});
