import { defineCommand } from '../../command.ts';

export const command = defineCommand({
  path: ['container', 'rename'],
  aliases: [['rename']],
  summary: 'Rename a container',
  usage: 'CONTAINER NEW_NAME',
  flags: {},
  args: { min: 2, max: 2 },
  completes: 'container',
  async run(ctx) {
    const [id = '', name = ''] = ctx.args;
    const engine = await ctx.engine();
    await engine.call('ContainerRename', { params: { id }, query: { name }, signal: ctx.signal });
    return 0;
  },
});
