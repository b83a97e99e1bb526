import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { parseTimestamp } from '../../format/durations.ts';
import { pumpOutput } from '../../streams/pump-output.ts';

export const command = defineCommand({
  path: ['container', 'logs'],
  aliases: [['logs']],
  summary: "Show a container's output",
  usage: '[OPTIONS] CONTAINER',
  flags: {
    details: { type: 'bool', help: 'Show what the log driver knows besides' },
    follow: { type: 'bool', short: 'f', help: 'Go on with what comes' },
    since: { type: 'string', help: 'Only from this time on (2024-01-02T13:23:37Z) or for this long (42m)' },
    tail: { type: 'string', short: 'n', help: "Number of lines from the end, or 'all'" },
    timestamps: { type: 'bool', short: 't', help: 'Show when each line was written' },
    until: { type: 'string', help: 'Only before this time' },
  },
  args: { min: 1, max: 1 },
  completes: 'container',
  async run(ctx) {
    const { flags } = ctx;
    const [name = ''] = ctx.args;
    const since = timeFlag('since', flags.since);
    const until = timeFlag('until', flags.until);
    const engine = await ctx.engine();
    const container = await engine.call('ContainerInspect', { params: { id: name }, signal: ctx.signal });
    const { body } = await engine.rawStream('ContainerLogs', {
      params: { id: container.Id },
      query: {
        stdout: true,
        stderr: true,
        follow: flags.follow,
        timestamps: flags.timestamps,
        details: flags.details,
        since,
        until,
        tail: flags.tail ?? 'all',
      },
      signal: ctx.signal,
    });
    // Older engines give both framings one content type, so the container's terminal decides, as in docker.
    await pumpOutput(body, container.Config.Tty !== true, ctx.terminal);
    return 0;
  },
});

function timeFlag(name: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const seconds = parseTimestamp(text, Date.now());
  if (seconds !== undefined) return seconds;
  throw new UsageError(
    `invalid value for ${JSON.stringify(name)}: failed to parse value as time or duration: ${JSON.stringify(text)}`,
    {
      exitCode: 1,
      hint: 'Times look like 2024-01-02T13:23:37Z, durations like 42m or 1h30m.',
    },
  );
}
