import { defineCommand } from '../../command.ts';
import { searchFlags, searchPackages } from '../../packages/search-packages.ts';

export const command = defineCommand({
  path: ['plugin', 'search'],
  summary: 'Search registries for plugins',
  usage: '[OPTIONS] [TERM]',
  flags: searchFlags,
  args: { min: 0, max: 1 },
  completes: 'none',
  run: (ctx) => searchPackages(ctx, 'plugin'),
});
