import { defineCommand } from '../../command.ts';
import { renderInspect } from '../../format/inspect-view.ts';
import { inspectFlags } from '../../inspect-each.ts';
import { findContext, readContexts } from '../../settings/contexts.ts';

export const command = defineCommand({
  path: ['context', 'inspect'],
  summary: 'Show everything about contexts',
  usage: '[OPTIONS] [CONTEXT...]',
  flags: inspectFlags,
  args: { min: 0 },
  completes: 'context',
  async run(ctx) {
    const state = readContexts(ctx.home);
    const names = ctx.args.length > 0 ? ctx.args : [ctx.contextName()];
    const found = names.map((name) => findContext(state, name));
    const objects = found.map(({ name, host, description }) => ({
      Name: name,
      Metadata: description === '' ? {} : { Description: description },
      Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
    }));
    await ctx.terminal.out(renderInspect(objects, ctx.flags.format));
    return 0;
  },
});
