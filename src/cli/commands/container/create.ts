import { parseReference } from '../../../oci/reference.ts';
import { defineCommand } from '../../command.ts';
import { containerFlags } from '../../container-options/container-flags.ts';
import { buildCreateRequest } from '../../container-options/create-request.ts';
import { createContainer, pullPolicy } from '../../lifecycle/create-container.ts';

export const command = defineCommand({
  path: ['container', 'create'],
  aliases: [['create']],
  summary: 'Create a container without starting it',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: containerFlags,
  args: { min: 1 },
  flagsFirst: true,
  completes: 'image',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [image = '', ...args] = ctx.args;
    parseReference(image);
    const consoleSize = flags.tty && terminal.stdoutIsTty ? terminal.size() : undefined;
    const body = buildCreateRequest({ flags, given: ctx.given, image, command: args, env: ctx.env, consoleSize });
    const engine = await ctx.engine();
    const id = await createContainer(ctx, engine, { ...flags, body, pull: pullPolicy(flags.pull) });
    await terminal.out(`${id}\n`);
    return 0;
  },
});
