import { canonical, familiarName, parseNamed, parseReference } from '../../../oci/reference.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { progressTo } from '../../pull/progress-display.ts';
import { pullImage } from '../../pull/pull-image.ts';

export const command = defineCommand({
  path: ['image', 'pull'],
  aliases: [['pull']],
  summary: 'Download an image from a registry',
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  flags: {
    'all-tags': { type: 'bool', short: 'a', help: 'Download every tag of the repository' },
    'all-platforms': { type: 'bool', help: 'Keep the images of all platforms, to push, save or run any of them' },
    'disable-content-trust': { type: 'bool', initial: true, hidden: true, help: 'Accepted for docker scripts' },
    platform: { type: 'string', metavar: 'os/arch', help: 'Platform to take of an image that has several' },
    quiet: { type: 'bool', short: 'q', help: 'Only print the name' },
  },
  args: { min: 1, max: 1 },
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [name = ''] = ctx.args;
    const named = parseNamed(name);
    const isBare = named.tag === undefined && named.digest === undefined;
    if (flags['all-tags'] && !isBare) throw new UsageError("tag can't be used with --all-tags/-a", { exitCode: 1 });
    if (isBare && !flags['all-tags'] && !flags.quiet) await terminal.out('Using default tag: latest\n');
    const reference = flags['all-tags'] ? named : parseReference(name);
    const engine = await ctx.engine();
    await pullImage(ctx, engine, reference, {
      platform: flags.platform,
      allTags: flags['all-tags'],
      allPlatforms: flags['all-platforms'],
      progress: flags.quiet ? undefined : progressTo(terminal, 'stdout'),
    });
    await terminal.out(`${flags['all-tags'] ? familiarName(reference) : canonical(reference)}\n`);
    return 0;
  },
});
