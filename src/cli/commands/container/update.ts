import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { resourceFlags } from '../../container-options/resource-flags.ts';
import { buildResources, parseRestartPolicy } from '../../container-options/resources.ts';
import { eachTarget } from '../../each-target.ts';

export const command = defineCommand({
  path: ['container', 'update'],
  aliases: [['update']],
  summary: 'Change limits and restart policy of containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: {
    ...resourceFlags,
    restart: {
      type: 'string',
      metavar: 'policy',
      help: 'When to start it again: no, always, unless-stopped, on-failure[:N]',
    },
  },
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const { flags } = ctx;
    if (ctx.given.size === 0) {
      throw new UsageError('you must provide one or more flags when using this command', {
        exitCode: 1,
        hint: `See 'wharf ${ctx.calledAs} --help'.`,
      });
    }
    const restart = flags.restart === undefined ? {} : { RestartPolicy: parseRestartPolicy(flags.restart) };
    const body = { ...buildResources(flags), ...restart };
    const engine = await ctx.engine();
    return eachTarget(ctx, ctx.args, async (id) => {
      const { Warnings } = await engine.call('ContainerUpdate', { params: { id }, body, signal: ctx.signal });
      for (const warning of Warnings ?? []) await ctx.terminal.err(`WARNING: ${warning}\n`);
      return id;
    });
  },
});
