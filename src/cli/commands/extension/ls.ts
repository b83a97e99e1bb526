import { defineCommand } from '../../command.ts';
import { type ListView, renderList } from '../../format/list-view.ts';
import { extensionService } from '../../packages/package-services.ts';

const view: ListView = {
  table: '{{.Name}}\t{{.Version}}\t{{.Title}}\t{{.Vendor}}\t{{.Image}}',
  quiet: '{{.Name}}',
  headers: {
    Containers: 'CONTAINERS',
    Image: 'IMAGE',
    Name: 'NAME',
    Title: 'TITLE',
    Vendor: 'VENDOR',
    Version: 'VERSION',
  },
};

export const command = defineCommand({
  path: ['extension', 'ls'],
  aliases: [['extension', 'list']],
  summary: 'List installed extensions',
  usage: '[OPTIONS]',
  flags: {
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    quiet: { type: 'bool', short: 'q', help: 'Only print names' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const extensions = await (await extensionService(ctx)).list();
    const rows = extensions.map((extension) => ({
      Containers: String(extension.containers.length),
      Image: extension.image,
      Name: extension.name,
      Title: extension.title,
      Vendor: extension.vendor,
      Version: extension.version,
    }));
    await ctx.terminal.out(renderList(rows, view, ctx.flags));
    return 0;
  },
});
