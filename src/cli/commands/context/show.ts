import { defineCommand } from '../../command.ts';

export const command = defineCommand({
  path: ['context', 'show'],
  summary: 'Print the name of the context in use',
  usage: '',
  flags: {},
  args: { min: 0, max: 0 },
  async run(ctx) {
    await ctx.terminal.out(`${ctx.contextName()}\n`);
    return 0;
  },
});
