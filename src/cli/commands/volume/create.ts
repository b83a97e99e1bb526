import { defineCommand } from '../../command.ts';
import { toMap } from '../../container-options/key-values.ts';

export const command = defineCommand({
  path: ['volume', 'create'],
  summary: 'Create a volume',
  usage: '[OPTIONS] [VOLUME]',
  flags: {
    driver: { type: 'string', short: 'd', help: 'Driver of the volume (default local)' },
    label: { type: 'list', metavar: 'key[=value]', help: 'Label of the volume' },
    name: { type: 'string', hidden: true, help: 'Same as the argument' },
    opt: { type: 'list', short: 'o', metavar: 'key=value', help: 'Option of the driver' },
  },
  args: { min: 0, max: 1 },
  async run(ctx) {
    const { flags } = ctx;
    const engine = await ctx.engine();
    const body = {
      Name: ctx.args[0] ?? flags.name,
      Driver: flags.driver ?? 'local',
      DriverOpts: toMap(flags.opt),
      Labels: toMap(flags.label),
    };
    const { Name } = await engine.call('VolumeCreate', { body, signal: ctx.signal });
    await ctx.terminal.out(`${Name}\n`);
    return 0;
  },
});
