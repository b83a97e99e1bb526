import { defineCommand } from '../../command.ts';
import { searchFlags, searchPackages } from '../../packages/search-packages.ts';

export const command = defineCommand({
  path: ['extension', 'search'],
  summary: 'Search registries for extensions',
  usage: '[OPTIONS] [TERM]',
  flags: searchFlags,
  args: { min: 0, max: 1 },
  completes: 'none',
  run: (ctx) => searchPackages(ctx, 'extension'),
});
