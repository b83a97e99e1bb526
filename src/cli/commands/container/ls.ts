import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { renderList } from '../../format/list-view.ts';
import { containerRow, containerView } from '../../views/container-view.ts';

export const command = defineCommand({
  path: ['container', 'ls'],
  aliases: [['container', 'list'], ['container', 'ps'], ['ps']],
  summary: 'List containers',
  usage: '[OPTIONS]',
  flags: {
    all: { type: 'bool', short: 'a', help: 'Show stopped containers too' },
    filter: { type: 'list', short: 'f', metavar: 'name=value', help: 'Show only those that match' },
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    last: { type: 'int', short: 'n', help: 'Show the last n created, stopped ones too' },
    latest: { type: 'bool', short: 'l', help: 'Show the one created last, stopped ones too' },
    'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
    quiet: { type: 'bool', short: 'q', help: 'Only print IDs' },
    size: { type: 'bool', short: 's', help: 'Show sizes on disk' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const engine = await ctx.engine();
    const withSize = flags.size || (!flags.quiet && (flags.format ?? '').includes('.Size'));
    const limit = flags.latest ? 1 : flags.last;
    const containers = await engine.call('ContainerList', {
      query: {
        all: flags.all ? true : undefined,
        limit: limit !== undefined && limit >= 0 ? limit : undefined,
        size: withSize ? true : undefined,
        filters: parseFilters(flags.filter),
      },
      signal: ctx.signal,
    });
    const rows = containers.map((container) =>
      containerRow(container, { truncate: !flags['no-trunc'], nowMs: Date.now() }),
    );
    await ctx.terminal.out(renderList(rows, containerView(flags.size), flags));
    return 0;
  },
});
