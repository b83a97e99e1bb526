import { parseReference } from '../../../oci/reference.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { registryAuthHeader } from '../../credentials/registry-auth.ts';
import { renderInspect } from '../../format/inspect-view.ts';
import { inspectFlags } from '../../inspect-each.ts';
import { trustReportText } from '../../views/trust-view.ts';

export const command = defineCommand({
  path: ['trust', 'inspect'],
  summary: 'Show who signed an image, and what the trust policy says of it',
  usage: '[OPTIONS] IMAGE',
  description:
    'Asks the registry for signatures and attestations and verifies them. What is found of an image that is here counts from then on. Ends with 1 when the policy refuses the image.',
  flags: {
    ...inspectFlags,
    stored: { type: 'bool', help: 'Do not ask the registry: tell what earlier checks found of a local image' },
  },
  args: { min: 1, max: 1 },
  completes: 'image',
  async run(ctx) {
    const [image = ''] = ctx.args;
    const engine = await ctx.engine();
    const report = await engine.call('TrustInspect', {
      query: { image, live: !ctx.flags.stored },
      headers: ctx.flags.stored ? {} : await registryAuthHeader(ctx, domainOf(image)),
      signal: ctx.signal,
    });
    const { format } = ctx.flags;
    await ctx.terminal.out(format === undefined ? trustReportText(report) : renderInspect([report], format));
    return report.verdict === 'refused' ? 1 : 0;
  },
});

/** Of an ID it does not matter: the registry it came from is asked as anybody. */
function domainOf(image: string): string {
  try {
    return parseReference(image).domain;
  } catch {
    if (/^(sha256:)?[0-9a-f]{64}$/.test(image)) return 'docker.io';
    throw new UsageError(`${JSON.stringify(image)} is neither a name nor an ID of an image`, { exitCode: 1 });
  }
}
