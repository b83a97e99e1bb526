import type { EventMessage } from '../../../contract/engine-types.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { parseFilters } from '../../filters.ts';
import { parseTimestamp } from '../../format/durations.ts';
import { renderObjects } from '../../format/inspect-view.ts';

export const command = defineCommand({
  path: ['system', 'events'],
  aliases: [['events']],
  summary: 'Show what happens, as it happens',
  usage: '[OPTIONS]',
  flags: {
    filter: { type: 'list', short: 'f', metavar: 'name=value', help: 'Show only those that match' },
    format: { type: 'string', help: "Output: 'json' or a Go template" },
    since: { type: 'string', help: 'Show those since this time too' },
    until: { type: 'string', help: 'End at this time' },
  },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { flags } = ctx;
    const query = {
      since: timeFlag('since', flags.since),
      until: timeFlag('until', flags.until),
      filters: parseFilters(flags.filter),
    };
    const format = flags.format === 'json' ? '{{json .}}' : flags.format;
    const engine = await ctx.engine();
    for await (const event of engine.jsonStream('SystemEvents', { query, signal: ctx.signal })) {
      await ctx.terminal.out(format === undefined || format === '' ? eventLine(event) : renderObjects([event], format));
    }
    return 0;
  },
});

function timeFlag(name: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const seconds = parseTimestamp(text, Date.now());
  if (seconds !== undefined) return seconds;
  throw new UsageError(
    `invalid value for ${JSON.stringify(name)}: ${JSON.stringify(text)} is no time and no duration`,
    { exitCode: 1 },
  );
}

/** `2024-05-01T10:20:30.000000000Z container start <id> (image=busybox, name=web)` */
export function eventLine(event: EventMessage): string {
  const attributes = Object.entries(event.Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = attributes.length === 0 ? '' : ` (${attributes.map(([key, value]) => `${key}=${value}`).join(', ')})`;
  return `${timeText(event)} ${event.Type} ${event.Action} ${event.Actor.ID}${shown}\n`;
}

/** Nanoseconds do not fit a JavaScript number exactly; the last three digits are rounded. */
function timeText(event: EventMessage): string {
  const ms = event.timeNano > 0 ? Math.floor(event.timeNano / 1e6) : event.time * 1000;
  const fraction = event.timeNano > 0 ? String(event.timeNano % 1e9).padStart(9, '0') : '000000000';
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  return `${date}.${fraction}${zone(new Date(ms))}`;
}

function zone(date: Date): string {
  const offset = -date.getTimezoneOffset();
  if (offset === 0) return 'Z';
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}
