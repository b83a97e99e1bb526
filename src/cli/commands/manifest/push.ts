import { familiar, parseReference } from '../../../oci/reference.ts';
import { defineCommand } from '../../command.ts';
import { registryConfigHeader } from '../../credentials/registry-config.ts';
import { domainOf } from '../../manifests/image-names.ts';
import { progressTo, showProgress } from '../../pull/progress-display.ts';

export const command = defineCommand({
  path: ['manifest', 'push'],
  summary: 'Push a manifest list and its images to a registry',
  usage: '[OPTIONS] LIST [DESTINATION]',
  description:
    'What the registry lacks goes there first: from this engine, or straight from the registry that has it. By its own name unless a destination is given.',
  flags: {
    insecure: {
      type: 'bool',
      hidden: true,
      help: 'Accepted for docker scripts: the engine has a list of insecure registries',
    },
    purge: { type: 'bool', short: 'p', help: 'Remove the list afterwards' },
    quiet: { type: 'bool', short: 'q', help: 'Only print the digest' },
  },
  args: { min: 1, max: 2 },
  completes: 'image',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [name = '', destination] = ctx.args;
    const engine = await ctx.engine();
    const wanted = familiar(parseReference(name));
    const list = (await engine.call('ManifestLists', { signal: ctx.signal })).find(({ Name }) => Name === wanted);
    // What the engine does not have comes from where the images are.
    const domains = [destination ?? name, ...(list?.Sources ?? [])].map(domainOf);
    const messages = engine.jsonStream('ManifestPush', {
      params: { name },
      query: { destination, purge: flags.purge },
      headers: await registryConfigHeader(ctx, domains),
      signal: ctx.signal,
    });
    const silent = { redraw: false, columns: 80, write: async () => undefined };
    await showProgress(messages, flags.quiet ? silent : progressTo(terminal, 'stdout'));
    if (flags.quiet) await terminal.out(`${list?.Digest ?? ''}\n`);
    return 0;
  },
});
