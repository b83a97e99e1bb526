import { defineCommand } from '../../command.ts';
import { registryConfigHeader } from '../../credentials/registry-config.ts';
import { domainOf } from '../../manifests/image-names.ts';

export const command = defineCommand({
  path: ['manifest', 'inspect'],
  summary: 'Show a manifest list, or the manifest an image has at its registry',
  usage: '[OPTIONS] NAME',
  flags: {
    insecure: {
      type: 'bool',
      hidden: true,
      help: 'Accepted for docker scripts: the engine has a list of insecure registries',
    },
    raw: { type: 'bool', help: 'Print the document byte for byte' },
    verbose: { type: 'bool', short: 'v', help: 'Print digest, type and size too' },
  },
  args: { min: 1, max: 1 },
  completes: 'image',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [name = ''] = ctx.args;
    const engine = await ctx.engine();
    const found = await engine.call('ManifestInspect', {
      params: { name },
      headers: await registryConfigHeader(ctx, [domainOf(name)]),
      signal: ctx.signal,
    });
    const { Document, ...about } = found;
    if (flags.raw) await terminal.out(Document);
    else {
      const document: unknown = JSON.parse(Document);
      await terminal.out(
        `${JSON.stringify(flags.verbose ? { ...about, Document: document } : document, undefined, 3)}\n`,
      );
    }
    return 0;
  },
});
