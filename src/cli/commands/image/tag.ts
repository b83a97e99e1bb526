import { familiarName, parseReference } from '../../../oci/reference.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';

export const command = defineCommand({
  path: ['image', 'tag'],
  aliases: [['tag']],
  summary: 'Give an image another name',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  flags: {},
  args: { min: 2, max: 2 },
  completes: 'image',
  async run(ctx) {
    const [name = '', target = ''] = ctx.args;
    const reference = parseReference(target);
    if (reference.digest !== undefined)
      throw new UsageError('refusing to create a tag with a digest reference', { exitCode: 1 });
    const engine = await ctx.engine();
    const query = { repo: familiarName(reference), tag: reference.tag };
    await engine.call('ImageTag', { params: { name }, query, signal: ctx.signal });
    return 0;
  },
});
