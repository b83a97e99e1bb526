import type { FlagTable } from './command.ts';

/** Flags that stand before the command: `wharf -H tcp://lab:2375 ps`. */
export const globalFlags = {
  config: { type: 'string', metavar: 'dir', help: 'Folder of settings (default $WHARF_HOME, else ~/.wharf)' },
  context: { type: 'string', short: 'c', help: 'Engine to talk to, by context name' },
  debug: { type: 'bool', short: 'D', help: 'Show where errors come from' },
  host: { type: 'string', short: 'H', help: 'Engine to talk to, by address' },
  version: { type: 'bool', short: 'v', help: 'Print the version and quit' },
} as const satisfies FlagTable;
