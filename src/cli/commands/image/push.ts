import { canonical, canonicalName, familiarName, parseNamed, parseReference } from '../../../oci/reference.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { encodeHeader, registryAuthHeader } from '../../credentials/registry-auth.ts';
import { type ProgressOptions, progressTo, showProgress } from '../../pull/progress-display.ts';

export const command = defineCommand({
  path: ['image', 'push'],
  aliases: [['push']],
  summary: 'Upload an image to a registry',
  usage: '[OPTIONS] NAME[:TAG]',
  flags: {
    'all-tags': { type: 'bool', short: 'a', help: 'Upload every tag of the repository' },
    'disable-content-trust': { type: 'bool', initial: true, hidden: true, help: 'Accepted for docker scripts' },
    platform: { type: 'string', metavar: 'os/arch', help: 'Upload only this platform' },
    quiet: { type: 'bool', short: 'q', help: 'Only print the name' },
  },
  args: { min: 1, max: 1 },
  completes: 'image',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [name = ''] = ctx.args;
    const named = parseNamed(name);
    if (named.digest !== undefined)
      throw new UsageError('cannot push a digest reference', { exitCode: 1, hint: 'Push a tag.' });
    if (flags['all-tags'] && named.tag !== undefined)
      throw new UsageError("tag can't be used with --all-tags/-a", { exitCode: 1 });
    const reference = flags['all-tags'] ? named : parseReference(name);
    if (named.tag === undefined && !flags['all-tags'] && !flags.quiet)
      await terminal.out('Using default tag: latest\n');
    const engine = await ctx.engine();
    // The engine wants the header on every push, an empty one when there are no credentials.
    const headers = { 'x-registry-auth': encodeHeader({}), ...(await registryAuthHeader(ctx, reference.domain)) };
    const messages = engine.jsonStream('ImagePush', {
      params: { name: familiarName(reference) },
      query: { tag: reference.tag, platform: flags.platform },
      headers,
      signal: ctx.signal,
    });
    const silent: ProgressOptions = { redraw: false, columns: 80, write: async () => undefined };
    await showProgress(messages, flags.quiet ? silent : progressTo(terminal, 'stdout'));
    if (flags.quiet) await terminal.out(`${flags['all-tags'] ? canonicalName(reference) : canonical(reference)}\n`);
    return 0;
  },
});
