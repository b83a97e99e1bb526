import { defineCommand } from '../../command.ts';
import { eachTarget } from '../../each-target.ts';
import { extensionService } from '../../packages/package-services.ts';

export const command = defineCommand({
  path: ['extension', 'rm'],
  aliases: [['extension', 'remove']],
  summary: 'Remove extensions',
  usage: '[OPTIONS] NAME [NAME...]',
  flags: {
    volumes: { type: 'bool', short: 'v', help: 'Remove their data too' },
  },
  args: { min: 1 },
  completes: 'none',
  async run(ctx) {
    const service = await extensionService(ctx);
    return eachTarget(ctx, ctx.args, async (name) => {
      await service.uninstall(name, ctx.flags.volumes);
      return name;
    });
  },
});
