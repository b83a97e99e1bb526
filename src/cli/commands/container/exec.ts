import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { readEnvironment } from '../../container-options/key-values.ts';
import { startFailureCode } from '../../lifecycle/exit-code.ts';
import { defaultDetachKeys, parseDetachKeys } from '../../streams/detach-keys.ts';
import { followSize, runSession } from '../../streams/session.ts';

export const command = defineCommand({
  path: ['container', 'exec'],
  aliases: [['exec']],
  summary: 'Run a command in a running container',
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  flags: {
    detach: { type: 'bool', short: 'd', help: 'Run it in the background' },
    'detach-keys': { type: 'string', help: 'Keys that detach from the command (default ctrl-p,ctrl-q)' },
    env: { type: 'list', short: 'e', metavar: 'name[=value]', help: 'Environment variable' },
    'env-file': { type: 'list', metavar: 'file', help: 'File of environment variables' },
    interactive: { type: 'bool', short: 'i', help: 'Connect standard input' },
    privileged: { type: 'bool', help: 'Give the command all rights' },
    tty: { type: 'bool', short: 't', help: 'Give it a terminal' },
    user: { type: 'string', short: 'u', metavar: 'name[:group]', help: 'User and group to run as' },
    workdir: { type: 'string', short: 'w', help: 'Directory to start in' },
  },
  args: { min: 2 },
  flagsFirst: true,
  completes: 'container',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [id = '', ...Cmd] = ctx.args;
    const attached = !flags.detach;
    const stdin = attached && flags.interactive;
    if (flags.tty && stdin && !terminal.stdinIsTty) {
      throw new UsageError('the input device is not a TTY', {
        exitCode: 1,
        hint: 'Leave out -t when input comes from a file or pipe.',
      });
    }
    const keys = flags['detach-keys'] ?? defaultDetachKeys;
    const detachKeys = parseDetachKeys(keys);
    const Env = readEnvironment(flags['env-file'], flags.env, ctx.env);
    const size = flags.tty && terminal.stdoutIsTty ? terminal.size() : undefined;
    const ConsoleSize = size === undefined ? undefined : [size.rows, size.columns];
    const engine = await ctx.engine();
    const signal = ctx.signal;
    const { Id } = await engine.call('ContainerExec', {
      params: { id },
      body: {
        User: flags.user,
        Privileged: flags.privileged,
        Tty: flags.tty,
        ConsoleSize,
        AttachStdin: stdin,
        AttachStdout: attached,
        AttachStderr: attached,
        Detach: flags.detach,
        DetachKeys: keys,
        Env: Env.length > 0 ? Env : undefined,
        WorkingDir: flags.workdir,
        Cmd,
      },
      signal,
    });
    const body = { Detach: flags.detach, Tty: flags.tty, ConsoleSize };
    try {
      if (flags.detach) {
        await engine.head('ExecStart', { params: { id: Id }, body, signal });
        return 0;
      }
      const connection = await engine.hijack('ExecStart', { params: { id: Id }, body, signal });
      const stopSize = flags.tty
        ? followSize(terminal, ({ rows, columns }) =>
            engine.call('ExecResize', { params: { id: Id }, query: { h: String(rows), w: String(columns) } }),
          )
        : () => undefined;
      const end = await runSession({
        connection,
        terminal,
        tty: flags.tty,
        stdin,
        output: true,
        detachKeys,
        signal,
      }).finally(stopSize);
      if (end === 'detached') return 0;
      const { ExitCode } = await engine.call('ExecInspect', { params: { id: Id }, signal });
      return ExitCode ?? 0;
    } catch (error) {
      signal.throwIfAborted();
      await ctx.report(error);
      return startFailureCode(error, 1);
    }
  },
});
