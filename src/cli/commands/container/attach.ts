import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { runAttached } from '../../lifecycle/run-attached.ts';
import { defaultDetachKeys, parseDetachKeys } from '../../streams/detach-keys.ts';

export const command = defineCommand({
  path: ['container', 'attach'],
  aliases: [['attach']],
  summary: 'Connect this terminal to a running container',
  usage: '[OPTIONS] CONTAINER',
  flags: {
    'detach-keys': { type: 'string', help: 'Keys that detach from the container (default ctrl-p,ctrl-q)' },
    'no-stdin': { type: 'bool', help: 'Do not connect standard input' },
    'sig-proxy': { type: 'bool', initial: true, help: 'Pass signals on to the process' },
  },
  args: { min: 1, max: 1 },
  completes: 'container',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [name = ''] = ctx.args;
    const keys = flags['detach-keys'] ?? defaultDetachKeys;
    const engine = await ctx.engine();
    const container = await engine.call('ContainerInspect', { params: { id: name }, signal: ctx.signal });
    if (!container.State.Running) {
      throw new UsageError('you cannot attach to a stopped container, start it first', {
        exitCode: 1,
        hint: `Start it with \`wharf start -a ${name}\`.`,
      });
    }
    if (container.State.Paused) {
      throw new UsageError('you cannot attach to a paused container, unpause it first', {
        exitCode: 1,
        hint: `Unpause it with \`wharf unpause ${name}\`.`,
      });
    }
    const tty = container.Config.Tty === true;
    const stdin = !flags['no-stdin'] && container.Config.OpenStdin === true;
    if (tty && stdin && !terminal.stdinIsTty) throw new UsageError('the input device is not a TTY', { exitCode: 1 });
    return runAttached(ctx, engine, {
      id: container.Id,
      tty,
      streams: { stdin, stdout: true, stderr: true },
      detachKeys: { text: keys, bytes: parseDetachKeys(keys) },
      proxySignals: flags['sig-proxy'],
      condition: container.HostConfig.AutoRemove === true ? 'removed' : 'not-running',
    });
  },
});
