import { defineCommand } from '../../command.ts';

const letters = ['C', 'A', 'D'];

export const command = defineCommand({
  path: ['container', 'diff'],
  aliases: [['diff']],
  summary: "List files that differ from the container's image",
  usage: 'CONTAINER',
  flags: {},
  args: { min: 1, max: 1 },
  completes: 'container',
  async run(ctx) {
    const [id = ''] = ctx.args;
    const engine = await ctx.engine();
    const changes = (await engine.call('ContainerChanges', { params: { id }, signal: ctx.signal })) ?? [];
    await ctx.terminal.out(changes.map(({ Kind, Path }) => `${letters[Kind] ?? '?'} ${Path}\n`).join(''));
    return 0;
  },
});
