import type { HistoryItem } from '../../../contract/engine-types.ts';
import { defineCommand } from '../../command.ts';
import { goRfc3339 } from '../../format/created-at.ts';
import { humanDuration } from '../../format/durations.ts';
import { type ListView, type Row, renderList } from '../../format/list-view.ts';
import { humanSize } from '../../format/sizes.ts';
import { ellipsis, shortId } from '../../format/table.ts';

const headers = {
  Comment: 'COMMENT',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  CreatedSince: 'CREATED',
  ID: 'IMAGE',
  Size: 'SIZE',
} as const;

export const command = defineCommand({
  path: ['image', 'history'],
  aliases: [['history']],
  summary: 'Show how an image was made',
  usage: '[OPTIONS] IMAGE',
  flags: {
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    human: { type: 'bool', short: 'H', initial: true, help: 'Sizes and dates for people' },
    'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
    platform: { type: 'string', metavar: 'os/arch', help: 'Platform of an image that has several' },
    quiet: { type: 'bool', short: 'q', help: 'Only print image IDs' },
  },
  args: { min: 1, max: 1 },
  completes: 'image',
  async run(ctx) {
    const { flags } = ctx;
    const [name = ''] = ctx.args;
    const engine = await ctx.engine();
    const items = await engine.call('ImageHistory', {
      params: { name },
      query: { platform: flags.platform },
      signal: ctx.signal,
    });
    const options = { human: flags.human, truncate: !flags['no-trunc'], nowMs: Date.now() };
    const created = flags.human ? 'CreatedSince' : 'CreatedAt';
    const view: ListView = {
      table: `{{.ID}}\t{{.${created}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
      quiet: '{{.ID}}',
      headers,
    };
    await ctx.terminal.out(
      renderList(
        items.map((item) => historyRow(item, options)),
        view,
        flags,
      ),
    );
    return 0;
  },
});

function historyRow(
  item: HistoryItem,
  { human, truncate, nowMs }: { readonly human: boolean; readonly truncate: boolean; readonly nowMs: number },
): Row {
  const createdBy = item.CreatedBy.replaceAll('\t', ' ');
  const createdMs = item.Created * 1000;
  return {
    Comment: item.Comment,
    CreatedAt: item.Created <= 0 ? '' : goRfc3339(createdMs),
    CreatedBy: truncate ? ellipsis(createdBy, 45) : createdBy,
    CreatedSince: human
      ? item.Created <= 0
        ? 'N/A'
        : `${humanDuration(nowMs - createdMs)} ago`
      : goRfc3339(createdMs),
    ID: truncate ? shortId(item.Id) : item.Id,
    Size: human ? humanSize(item.Size, 3) : String(item.Size),
  };
}
