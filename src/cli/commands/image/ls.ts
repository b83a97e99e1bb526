import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { renderList } from '../../format/list-view.ts';
import { imageRows, imageView } from '../../views/image-view.ts';

export const command = defineCommand({
  path: ['image', 'ls'],
  aliases: [['image', 'list'], ['images']],
  summary: 'List images',
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  flags: {
    all: { type: 'bool', short: 'a', help: 'Show intermediate images too' },
    digests: { type: 'bool', help: 'Show digests' },
    filter: { type: 'list', short: 'f', metavar: 'name=value', help: 'Show only those that match' },
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
    quiet: { type: 'bool', short: 'q', help: 'Only print IDs' },
  },
  args: { min: 0, max: 1 },
  completes: 'image',
  async run(ctx) {
    const { flags } = ctx;
    const [reference] = ctx.args;
    const filters = parseFilters(reference === undefined ? flags.filter : [...flags.filter, `reference=${reference}`]);
    const engine = await ctx.engine();
    const images = await engine.call('ImageList', {
      query: { all: flags.all ? true : undefined, filters },
      signal: ctx.signal,
    });
    const digests = flags.digests || (flags.format ?? '').includes('.Digest');
    const options = { truncate: !flags['no-trunc'], digests, nowMs: Date.now() };
    const rows = images.flatMap((image) => imageRows(image, options));
    await ctx.terminal.out(renderList(rows, imageView(flags.digests), flags));
    return 0;
  },
});
