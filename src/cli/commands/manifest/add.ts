import { defineCommand } from '../../command.ts';
import { registryConfigHeader } from '../../credentials/registry-config.ts';
import { changesOf, entryFlags } from '../../manifests/entry-flags.ts';
import { domainOf } from '../../manifests/image-names.ts';

export const command = defineCommand({
  path: ['manifest', 'add'],
  summary: 'Add an image to a manifest list',
  usage: '[OPTIONS] LIST IMAGE',
  flags: {
    ...entryFlags,
    all: { type: 'bool', help: 'Take all images of an index, not only that of one platform' },
    platform: { type: 'string', metavar: 'os/arch', help: 'Which image to take of an index' },
  },
  args: { min: 2, max: 2 },
  completes: 'image',
  async run(ctx) {
    const { flags } = ctx;
    const [name = '', image = ''] = ctx.args;
    const engine = await ctx.engine();
    const { Digest } = await engine.call('ManifestAdd', {
      params: { name },
      body: { Image: image, All: flags.all, Platform: flags.platform, ...changesOf(flags) },
      headers: await registryConfigHeader(ctx, [domainOf(image)]),
      signal: ctx.signal,
    });
    await ctx.terminal.out(`${name}: ${Digest}\n`);
    return 0;
  },
});
