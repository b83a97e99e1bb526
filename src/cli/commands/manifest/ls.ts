import { defineCommand } from '../../command.ts';
import { type ListView, renderList } from '../../format/list-view.ts';
import { shortId } from '../../format/table.ts';

const view: ListView = {
  table: '{{.Name}}\t{{.Digest}}\t{{.Platforms}}',
  quiet: '{{.Name}}',
  headers: { Name: 'NAME', Digest: 'DIGEST', Platforms: 'PLATFORMS' },
};

export const command = defineCommand({
  path: ['manifest', 'ls'],
  aliases: [['manifest', 'list']],
  summary: 'List the manifest lists of this engine',
  usage: '[OPTIONS]',
  flags: {
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
    quiet: { type: 'bool', short: 'q', help: 'Only print names' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const engine = await ctx.engine();
    const lists = await engine.call('ManifestLists', { signal: ctx.signal });
    const rows = lists.map(({ Name, Digest, Platforms }) => ({
      Name,
      Digest: flags['no-trunc'] ? Digest : shortId(Digest),
      Platforms: Platforms.join(', '),
    }));
    await ctx.terminal.out(renderList(rows, view, flags));
    return 0;
  },
});
