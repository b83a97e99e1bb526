import type { CommandContext, FlagTable } from '../command.ts';
import { type ListView, renderList } from '../format/list-view.ts';
import { ellipsis } from '../format/table.ts';

export const searchFlags = {
  format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
  limit: { type: 'int', help: 'Most results of a registry (default 25)' },
  'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
} as const satisfies FlagTable;

const view: ListView = {
  table: '{{.Name}}\t{{.Title}}\t{{.Description}}\t{{.Registry}}',
  headers: { Description: 'DESCRIPTION', Name: 'NAME', Registry: 'REGISTRY', Tags: 'TAGS', Title: 'TITLE' },
};

/** Lists extensions or plugins that the engine's registries hold. */
export async function searchPackages(
  ctx: CommandContext<typeof searchFlags>,
  kind: 'extension' | 'plugin',
): Promise<number> {
  const { flags, terminal } = ctx;
  const engine = await ctx.engine();
  const query = { query: ctx.args[0] ?? '', kind, limit: flags.limit };
  const { results, failures } = await engine.call('RegistrySearch', { query, signal: ctx.signal });
  for (const { registry, message } of failures) await terminal.err(`WARNING: ${registry}: ${message}\n`);
  const rows = results.map((item) => ({
    Description: flags['no-trunc'] ? item.description : ellipsis(item.description, 45),
    Name: item.name,
    Registry: item.registry,
    Tags: item.tags.join(','),
    Title: item.title,
  }));
  await terminal.out(renderList(rows, view, flags));
  return 0;
}
