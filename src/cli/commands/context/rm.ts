import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';
import { findContext, readContexts, writeContexts } from '../../settings/contexts.ts';

export const command = defineCommand({
  path: ['context', 'rm'],
  aliases: [['context', 'remove']],
  summary: 'Remove contexts',
  usage: 'CONTEXT [CONTEXT...]',
  flags: {
    force: { type: 'bool', short: 'f', help: 'Remove the one in use too' },
  },
  args: { min: 1 },
  completes: 'context',
  async run(ctx) {
    return eachTarget(ctx, ctx.args, async (name) => {
      const state = readContexts(ctx.home);
      if (name === 'default') throw new UsageError('context "default" cannot be removed', { exitCode: 1 });
      findContext(state, name);
      if (state.current === name && !ctx.flags.force) {
        throw new UsageError(`context ${JSON.stringify(name)} is in use, set -f flag to force remove`, {
          exitCode: 1,
          hint: 'Or use another first: `wharf context use default`.',
        });
      }
      const current = state.current === name ? 'default' : state.current;
      writeContexts(ctx.home, { current, contexts: state.contexts.filter((context) => context.name !== name) });
      return name;
    });
  },
});
