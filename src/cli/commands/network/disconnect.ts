import { defineCommand } from '../../command.ts';

export const command = defineCommand({
  path: ['network', 'disconnect'],
  summary: 'Disconnect a container from a network',
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: {
    force: { type: 'bool', short: 'f', help: 'Do so although the container does not answer' },
  },
  args: { min: 2, max: 2 },
  completes: 'network',
  async run(ctx) {
    const [id = '', Container = ''] = ctx.args;
    const engine = await ctx.engine();
    await engine.call('NetworkDisconnect', {
      params: { id },
      body: { Container, Force: ctx.flags.force },
      signal: ctx.signal,
    });
    return 0;
  },
});
