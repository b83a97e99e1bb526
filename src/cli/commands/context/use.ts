import { defineCommand } from '../../command.ts';
import { findContext, readContexts, writeContexts } from '../../settings/contexts.ts';

export const command = defineCommand({
  path: ['context', 'use'],
  summary: 'Talk to another engine from now on',
  usage: 'CONTEXT',
  flags: {},
  args: { min: 1, max: 1 },
  completes: 'context',
  async run(ctx) {
    const [name = ''] = ctx.args;
    const state = readContexts(ctx.home);
    findContext(state, name);
    writeContexts(ctx.home, { ...state, current: name });
    await ctx.terminal.out(`${name}\n`);
    await ctx.terminal.err(`Current context is now ${JSON.stringify(name)}\n`);
    const host = ctx.env.WHARF_HOST;
    if (host !== undefined && host !== '') {
      await ctx.terminal.err(
        `Warning: WHARF_HOST overrides the context. To use ${JSON.stringify(name)}, unset WHARF_HOST.\n`,
      );
    }
    return 0;
  },
});
