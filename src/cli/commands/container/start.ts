import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';
import { startFailureCode } from '../../lifecycle/exit-code.ts';
import { runAttached } from '../../lifecycle/run-attached.ts';
import { defaultDetachKeys, parseDetachKeys } from '../../streams/detach-keys.ts';

export const command = defineCommand({
  path: ['container', 'start'],
  aliases: [['start']],
  summary: 'Start stopped containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: {
    attach: { type: 'bool', short: 'a', help: 'Show its output and pass signals on' },
    'detach-keys': { type: 'string', help: 'Keys that detach from the container (default ctrl-p,ctrl-q)' },
    interactive: { type: 'bool', short: 'i', help: 'Connect standard input' },
  },
  args: { min: 1 },
  completes: 'container',
  async run(ctx) {
    const { flags, args } = ctx;
    const keys = flags['detach-keys'] ?? defaultDetachKeys;
    const detachKeys = { text: keys, bytes: parseDetachKeys(keys) };
    const engine = await ctx.engine();
    const start = (id: string) => engine.call('ContainerStart', { params: { id }, signal: ctx.signal });
    if (!flags.attach && !flags.interactive) {
      return eachTarget(ctx, args, async (id) => {
        await start(id);
        return id;
      });
    }
    if (args.length > 1)
      throw new UsageError('you cannot start and attach multiple containers at once', { exitCode: 1 });
    const [name = ''] = args;
    const container = await engine.call('ContainerInspect', { params: { id: name }, signal: ctx.signal });
    const id = container.Id;
    try {
      return await runAttached(ctx, engine, {
        id,
        tty: container.Config.Tty === true,
        streams: { stdin: flags.interactive && container.Config.OpenStdin === true, stdout: true, stderr: true },
        detachKeys,
        proxySignals: flags.attach,
        condition: container.HostConfig.AutoRemove === true ? 'removed' : 'next-exit',
        start: () => start(id),
      });
    } catch (error) {
      ctx.signal.throwIfAborted();
      await ctx.report(error);
      return startFailureCode(error, 1);
    }
  },
});
