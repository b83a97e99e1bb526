import { defineCommand } from '../../command.ts';
import { registryConfigHeader } from '../../credentials/registry-config.ts';
import { domainOf } from '../../manifests/image-names.ts';

export const command = defineCommand({
  path: ['manifest', 'create'],
  summary: 'Make a manifest list of images for several platforms',
  usage: '[OPTIONS] LIST [IMAGE...]',
  description:
    'Takes images of this engine, and those it does not have from their registries. Nothing is visible to others before `manifest push`.',
  flags: {
    all: { type: 'bool', help: 'Take all images of an index, not only that of one platform' },
    amend: { type: 'bool', short: 'a', help: 'Add to a list that is there already' },
    insecure: {
      type: 'bool',
      hidden: true,
      help: 'Accepted for docker scripts: the engine has a list of insecure registries',
    },
    platform: { type: 'string', metavar: 'os/arch', help: 'Which image to take of an index' },
  },
  args: { min: 1 },
  completes: 'image',
  async run(ctx) {
    const { flags } = ctx;
    const [name = '', ...images] = ctx.args;
    const engine = await ctx.engine();
    await engine.call('ManifestCreate', {
      params: { name },
      body: { Images: images, Amend: flags.amend, All: flags.all, Platform: flags.platform },
      headers: await registryConfigHeader(ctx, images.map(domainOf)),
      signal: ctx.signal,
    });
    await ctx.terminal.out(`Created manifest list ${name}\n`);
    return 0;
  },
});
