import { familiarName, parseReference } from '../../../oci/reference.ts';
import { defineCommand } from '../../command.ts';
import { progressTo, showProgress } from '../../pull/progress-display.ts';
import { openArchive } from '../../streams/open-archive.ts';

export const command = defineCommand({
  path: ['image', 'import'],
  aliases: [['import']],
  summary: 'Make an image of a root file system in a tar archive',
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  flags: {
    change: { type: 'list', short: 'c', help: 'Dockerfile instruction for the image, such as CMD or ENV' },
    message: { type: 'string', short: 'm', help: 'Comment on the image' },
    platform: { type: 'string', metavar: 'os/arch', help: 'What the files were made for' },
  },
  args: { min: 1, max: 2 },
  completes: 'file',
  async run(ctx) {
    const [source = '-', name] = ctx.args;
    const { change, message, platform } = ctx.flags;
    const reference = name === undefined ? undefined : parseReference(name);
    const isUrl = /^https?:\/\//i.test(source);
    const upload = isUrl
      ? undefined
      : await openArchive(ctx, source, 'requested import from stdin, but stdin is empty');
    const engine = await ctx.engine();
    const query = {
      fromSrc: isUrl ? source : '-',
      repo: reference && familiarName(reference),
      tag: reference?.tag,
      message,
      changes: [...change],
      platform,
    };
    const messages = engine.jsonStream('ImageCreate', { query, upload, signal: ctx.signal });
    await showProgress(messages, progressTo(ctx.terminal, 'stdout'));
    return 0;
  },
});
