import { defineCommand } from '../../command.ts';
import { alignColumns } from '../../format/table.ts';

export const command = defineCommand({
  path: ['container', 'top'],
  aliases: [['top']],
  summary: 'List the processes of a container',
  usage: 'CONTAINER [ps OPTIONS]',
  flags: {},
  args: { min: 1 },
  flagsFirst: true,
  completes: 'container',
  async run(ctx) {
    const [id = '', ...psArgs] = ctx.args;
    const engine = await ctx.engine();
    const query = { ps_args: psArgs.length > 0 ? psArgs.join(' ') : undefined };
    const { Titles, Processes } = await engine.call('ContainerTop', { params: { id }, query, signal: ctx.signal });
    const lines = [Titles, ...Processes].map((cells) => `${cells.join('\t')}\n`).join('');
    await ctx.terminal.out(alignColumns(lines, { minWidth: 20, padding: 3 }));
    return 0;
  },
});
