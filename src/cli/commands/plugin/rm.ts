import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';
import { pluginService } from '../../packages/package-services.ts';

export const command = defineCommand({
  path: ['plugin', 'rm'],
  aliases: [['plugin', 'remove']],
  summary: 'Remove plugins',
  usage: '[OPTIONS] NAME [NAME...]',
  flags: {
    volumes: { type: 'bool', short: 'v', help: 'Remove their data too' },
  },
  args: { min: 1 },
  completes: 'none',
  async run(ctx) {
    const service = await pluginService(ctx);
    return eachTarget(ctx, ctx.args, async (name) => {
      await service.uninstall(name, ctx.flags.volumes);
      return name;
    });
  },
});
