import type { Network } from '../../../contract/engine-types.ts';
import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { goTimeOf } from '../../format/created-at.ts';
import { type ListView, type Row, renderList } from '../../format/list-view.ts';
import { shortId } from '../../format/table.ts';

const view: ListView = {
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  quiet: '{{.ID}}',
  raw: 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n',
  headers: {
    CreatedAt: 'CREATED AT',
    Driver: 'DRIVER',
    ID: 'NETWORK ID',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    Name: 'NAME',
    Scope: 'SCOPE',
  },
};

export const command = defineCommand({
  path: ['network', 'ls'],
  aliases: [['network', 'list']],
  summary: 'List networks',
  usage: '[OPTIONS]',
  flags: {
    filter: { type: 'list', short: 'f', metavar: 'name=value', help: 'Show only those that match' },
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
    quiet: { type: 'bool', short: 'q', help: 'Only print IDs' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const engine = await ctx.engine();
    const networks = await engine.call('NetworkList', {
      query: { filters: parseFilters(ctx.flags.filter) },
      signal: ctx.signal,
    });
    const rows = [...networks]
      .sort((a, b) => (a.Name < b.Name ? -1 : 1))
      .map((network) => networkRow(network, !ctx.flags['no-trunc']));
    await ctx.terminal.out(renderList(rows, view, ctx.flags));
    return 0;
  },
});

function networkRow(network: Network, truncate: boolean): Row {
  const labels = network.Labels ?? {};
  return {
    CreatedAt: goTimeOf(network.Created),
    Driver: network.Driver,
    ID: truncate ? shortId(network.Id) : network.Id,
    IPv4: String(network.EnableIPv4),
    IPv6: String(network.EnableIPv6),
    Internal: String(network.Internal),
    Label: (name: unknown) => labels[String(name)] ?? '',
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(','),
    Name: network.Name,
    Scope: network.Scope,
  };
}
