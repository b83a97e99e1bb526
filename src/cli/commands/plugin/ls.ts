import { defineCommand } from '../../command.ts';
import { type ListView, renderList } from '../../format/list-view.ts';
import { pluginService } from '../../packages/package-services.ts';

const view: ListView = {
  table: '{{.Name}}\t{{.Version}}\t{{.State}}\t{{.Url}}\t{{.Image}}',
  quiet: '{{.Name}}',
  headers: {
    Image: 'IMAGE',
    Name: 'NAME',
    State: 'STATE',
    Title: 'TITLE',
    Url: 'URL',
    Vendor: 'VENDOR',
    Version: 'VERSION',
  },
};

export const command = defineCommand({
  path: ['plugin', 'ls'],
  aliases: [['plugin', 'list']],
  summary: 'List installed plugins',
  usage: '[OPTIONS]',
  flags: {
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    quiet: { type: 'bool', short: 'q', help: 'Only print names' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const plugins = await (await pluginService(ctx)).list();
    const rows = plugins.map((plugin) => ({
      Image: plugin.image,
      Name: plugin.name,
      State: plugin.state,
      Title: plugin.title,
      Url: plugin.url ?? '',
      Vendor: plugin.vendor,
      Version: plugin.version,
    }));
    await ctx.terminal.out(renderList(rows, view, ctx.flags));
    return 0;
  },
});
