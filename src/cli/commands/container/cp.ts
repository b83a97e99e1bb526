import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { copyFromContainer } from '../../copy/copy-from-container.ts';
import { parseCopyPath } from '../../copy/copy-path.ts';
import { copyToContainer } from '../../copy/copy-to-container.ts';
import { humanSize } from '../../format/sizes.ts';

export const command = defineCommand({
  path: ['container', 'cp'],
  aliases: [['cp']],
  summary: 'Copy files between a container and this machine',
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n        wharf cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  description:
    "'-' as source reads a tar archive from standard input; as destination it writes one to standard output.",
  flags: {
    archive: { type: 'bool', short: 'a', help: 'Keep owner and group' },
    'follow-link': { type: 'bool', short: 'L', help: 'Follow a symbolic link in SRC_PATH' },
    quiet: { type: 'bool', short: 'q', help: 'Do not tell what was copied' },
  },
  args: { min: 2, max: 2 },
  completes: 'container',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [from = '', to = ''] = ctx.args;
    const source = parseCopyPath(from);
    const target = parseCopyPath(to);
    if (source.path === '' || target.path === '')
      throw new UsageError('source and destination can not be empty', { exitCode: 1 });
    if (source.container !== undefined && target.container !== undefined) {
      throw new UsageError('copying between containers is not supported', {
        exitCode: 1,
        hint: 'Copy to this machine first.',
      });
    }
    const engine = await ctx.engine();
    const options = { engine, terminal, signal: ctx.signal, followLink: flags['follow-link'], archive: flags.archive };
    if (source.container !== undefined) {
      const bytes = await copyFromContainer(source.container, source.path, target.path, options);
      if (target.path !== '-') await tell(`Successfully copied ${humanSize(bytes, 3)} to ${target.path}\n`);
      return 0;
    }
    if (target.container === undefined) {
      throw new UsageError('must specify at least one container source', {
        exitCode: 1,
        hint: 'Name the container as NAME:/path.',
      });
    }
    const bytes = await copyToContainer(source.path, target.container, target.path, options);
    await tell(`Successfully copied ${humanSize(bytes, 3)} to ${target.container}:${target.path}\n`);
    return 0;

    async function tell(text: string): Promise<void> {
      if (!flags.quiet && terminal.stderrIsTty) await terminal.err(text);
    }
  },
});
