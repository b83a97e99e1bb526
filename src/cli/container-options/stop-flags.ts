import type { FlagTable, FlagValues } from '../command.ts';

/** Flags of `stop` and `restart`. */
export const stopFlags = {
  signal: { type: 'string', short: 's', help: 'Signal that asks them to end' },
  time: { type: 'int', hidden: true, help: 'Same as --timeout' },
  timeout: { type: 'int', short: 't', help: 'Seconds to wait before they are killed; -1 for ever' },
} as const satisfies FlagTable;

export function stopQuery(flags: FlagValues<typeof stopFlags>): {
  readonly signal: string | undefined;
  readonly t: number | undefined;
} {
  return { signal: flags.signal, t: flags.timeout ?? flags.time };
}
