import { defineCommand } from '../../command.ts';

export const command = defineCommand({
  path: ['manifest', 'remove'],
  summary: 'Take an image off a manifest list',
  usage: 'LIST IMAGE|DIGEST',
  flags: {},
  args: { min: 2, max: 2 },
  completes: 'image',
  async run(ctx) {
    const [name = '', image = ''] = ctx.args;
    const engine = await ctx.engine();
    const { Digest } = await engine.call('ManifestRemove', {
      params: { name },
      body: { Image: image },
      signal: ctx.signal,
    });
    await ctx.terminal.out(`${name}: ${Digest}\n`);
    return 0;
  },
});
