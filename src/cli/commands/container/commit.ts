import { familiarName, parseNamed } from '../../../oci/reference.ts';
import { defineCommand } from '../../command.ts';

export const command = defineCommand({
  path: ['container', 'commit'],
  aliases: [['commit']],
  summary: "Make an image of a container's changes",
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  flags: {
    author: { type: 'string', short: 'a', help: 'Who made it' },
    change: { type: 'list', short: 'c', help: 'Dockerfile instruction to apply to the image' },
    message: { type: 'string', short: 'm', help: 'What changed' },
    pause: { type: 'bool', short: 'p', initial: true, help: 'Pause the container meanwhile' },
  },
  args: { min: 1, max: 2 },
  completes: 'container',
  async run(ctx) {
    const { flags } = ctx;
    const [container = '', name] = ctx.args;
    const reference = name === undefined ? undefined : parseNamed(name);
    const engine = await ctx.engine();
    const { Id } = await engine.call('ImageCommit', {
      query: {
        container,
        repo: reference === undefined ? undefined : familiarName(reference),
        tag: reference?.tag,
        comment: flags.message,
        author: flags.author,
        pause: flags.pause,
        changes: flags.change.length > 0 ? flags.change : undefined,
      },
      signal: ctx.signal,
    });
    await ctx.terminal.out(`${Id}\n`);
    return 0;
  },
});
