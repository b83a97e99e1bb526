import { isWharfError } from '../../../contract/errors.ts';
import { parseReference } from '../../../oci/reference.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { containerFlags } from '../../container-options/container-flags.ts';
import { attachedStreams, buildCreateRequest } from '../../container-options/create-request.ts';
import { createContainer, pullPolicy } from '../../lifecycle/create-container.ts';
import { startFailureCode } from '../../lifecycle/exit-code.ts';
import { runAttached } from '../../lifecycle/run-attached.ts';
import { defaultDetachKeys, parseDetachKeys } from '../../streams/detach-keys.ts';

export const command = defineCommand({
  path: ['container', 'run'],
  aliases: [['run']],
  summary: 'Create and start a container from an image',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: {
    ...containerFlags,
    detach: { type: 'bool', short: 'd', help: 'Run in the background and print the container ID' },
    'detach-keys': { type: 'string', help: 'Keys that detach from the container (default ctrl-p,ctrl-q)' },
    'sig-proxy': { type: 'bool', initial: true, help: 'Pass signals on to the process' },
  },
  args: { min: 1 },
  flagsFirst: true,
  failureCode: 125,
  completes: 'image',
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [image = '', ...args] = ctx.args;
    parseReference(image);
    if (flags.detach && flags.attach.length > 0) {
      throw new UsageError('conflicting options: cannot specify both --attach and --detach', { exitCode: 1 });
    }
    const streams = flags.detach ? { stdin: false, stdout: false, stderr: false } : attachedStreams(flags);
    if (flags.tty && streams.stdin && !terminal.stdinIsTty) {
      throw new UsageError('the input device is not a TTY', {
        exitCode: 1,
        hint: 'Leave out -t when input comes from a file or pipe.',
      });
    }
    const keys = flags['detach-keys'] ?? defaultDetachKeys;
    const detachKeys = { text: keys, bytes: parseDetachKeys(keys) };
    const request = buildCreateRequest({
      flags,
      given: ctx.given,
      image,
      command: args,
      env: ctx.env,
      consoleSize: flags.tty && terminal.stdoutIsTty ? terminal.size() : undefined,
    });
    const body = {
      ...request,
      AttachStdin: streams.stdin,
      AttachStdout: streams.stdout,
      AttachStderr: streams.stderr,
      StdinOnce: flags.interactive && streams.stdin,
    };
    const engine = await ctx.engine();
    const id = await createContainer(ctx, engine, { ...flags, body, pull: pullPolicy(flags.pull) });
    const start = () => engine.call('ContainerStart', { params: { id }, signal: ctx.signal });
    try {
      if (flags.detach || (!streams.stdin && !streams.stdout && !streams.stderr)) {
        await start();
        await terminal.out(`${id}\n`);
        return 0;
      }
      const condition = flags.rm ? 'removed' : 'next-exit';
      return await runAttached(ctx, engine, {
        id,
        tty: flags.tty,
        streams,
        detachKeys,
        proxySignals: flags['sig-proxy'],
        condition,
        start,
      });
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (flags.rm)
        await removeUnstarted(() =>
          engine.call('ContainerDelete', { params: { id }, query: { force: true, v: true } }),
        );
      await ctx.report(error);
      return startFailureCode(error, 125);
    }
  },
});

/** With --rm nothing stays of a container that could not be started. The engine may have removed it itself by now. */
async function removeUnstarted(remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!isWharfError(error)) throw error;
  }
}
