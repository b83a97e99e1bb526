import { defineCommand } from '../../command.ts';
import { renderInspect } from '../../format/inspect-view.ts';
import { inspectFlags } from '../../inspect-each.ts';
import { trustPolicyText } from '../../views/trust-view.ts';

export const command = defineCommand({
  path: ['trust', 'policy', 'show'],
  summary: 'Show which repositories must be signed by whom',
  usage: '[OPTIONS]',
  description: 'Ends with 1 when the policy can not be used, and the engine therefore lets nothing in.',
  flags: inspectFlags,
  args: { min: 0, max: 0 },
  async run(ctx) {
    const engine = await ctx.engine();
    const policy = await engine.call('TrustPolicyShow', { signal: ctx.signal });
    const { format } = ctx.flags;
    await ctx.terminal.out(format === undefined ? trustPolicyText(policy) : renderInspect([policy], format));
    return policy.state === 'broken' ? 1 : 0;
  },
});
