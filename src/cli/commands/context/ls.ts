import { defineCommand } from '../../command.ts';
import { type ListView, renderList } from '../../format/list-view.ts';
import { readContexts } from '../../settings/contexts.ts';

const view: ListView = {
  table: '{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}',
  quiet: '{{.Name}}',
  headers: { Current: '', Description: 'DESCRIPTION', DockerEndpoint: 'DOCKER ENDPOINT', Error: 'ERROR', Name: 'NAME' },
};

export const command = defineCommand({
  path: ['context', 'ls'],
  aliases: [['context', 'list']],
  summary: 'List contexts',
  usage: '[OPTIONS]',
  flags: {
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    quiet: { type: 'bool', short: 'q', help: 'Only print names' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const current = ctx.contextName();
    const rows = readContexts(ctx.home).contexts.map(({ name, host, description }) => ({
      Current: name === current,
      Description: description,
      DockerEndpoint: host,
      Error: '',
      Name: name,
    }));
    await ctx.terminal.out(renderList(rows, view, ctx.flags));
    return 0;
  },
});
