import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { parseCsvLine } from '../../container-options/csv-line.ts';
import { completeHost } from '../../engine/engine-address.ts';
import { findContext, readContexts, writeContexts } from '../../settings/contexts.ts';

export const command = defineCommand({
  path: ['context', 'create'],
  summary: 'Give the address of an engine a name',
  usage: '[OPTIONS] CONTEXT',
  flags: {
    description: { type: 'string', help: 'What it is' },
    docker: { type: 'string', metavar: 'host=address', help: "Address, in docker's spelling" },
    from: { type: 'string', metavar: 'context', help: 'Take the address of this context' },
    host: { type: 'string', metavar: 'address', help: 'Address, such as tcp://lab:2375' },
  },
  args: { min: 1, max: 1 },
  async run(ctx) {
    const [name = ''] = ctx.args;
    const { flags } = ctx;
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(name)) {
      throw new UsageError(`context name ${JSON.stringify(name)} is invalid`, {
        exitCode: 1,
        hint: 'Names have two or more letters, digits or _.+- and start with a letter or digit.',
      });
    }
    const state = readContexts(ctx.home);
    if (state.contexts.some((context) => context.name === name)) {
      throw new UsageError(`context ${JSON.stringify(name)} already exists`, {
        exitCode: 1,
        hint: `Remove it with \`wharf context rm ${name}\`.`,
      });
    }
    const address =
      flags.host ??
      dockerHost(flags.docker) ??
      (flags.from === undefined ? undefined : findContext(state, flags.from).host);
    const host = address === undefined ? await ctx.engineAddress() : completeHost(address);
    writeContexts(ctx.home, {
      ...state,
      contexts: [...state.contexts, { name, host, description: flags.description ?? '' }],
    });
    await ctx.terminal.out(`${name}\n`);
    await ctx.terminal.err(`Successfully created context ${JSON.stringify(name)}\n`);
    return 0;
  },
});

function dockerHost(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const field = parseCsvLine(text).find((part) => part.startsWith('host='));
  if (field === undefined) throw new UsageError('--docker needs host=ADDRESS', { exitCode: 1 });
  return field.slice('host='.length);
}
