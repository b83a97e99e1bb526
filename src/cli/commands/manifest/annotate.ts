import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { changesOf, entryFlags } from '../../manifests/entry-flags.ts';

export const command = defineCommand({
  path: ['manifest', 'annotate'],
  summary: 'Change what a manifest list says of one of its images, or of itself',
  usage: '[OPTIONS] LIST [IMAGE|DIGEST]',
  flags: {
    ...entryFlags,
    index: { type: 'bool', help: 'Annotate the list itself; then no image is named' },
  },
  args: { min: 1, max: 2 },
  completes: 'image',
  async run(ctx) {
    const { flags } = ctx;
    const [name = '', image] = ctx.args;
    if (flags.index === (image !== undefined))
      throw new UsageError(flags.index ? '--index takes no image' : 'name an image of the list, or give --index', {
        exitCode: 1,
      });
    const changes = changesOf(flags);
    const { Annotations, ...others } = changes;
    if (flags.index && Object.values(others).some((value) => value !== undefined))
      throw new UsageError('a list has annotations only; --os and the like belong to an image', { exitCode: 1 });
    const engine = await ctx.engine();
    await engine.call('ManifestAnnotate', {
      params: { name },
      body: { Image: image, ...(flags.index ? { Annotations } : changes) },
      signal: ctx.signal,
    });
    return 0;
  },
});
