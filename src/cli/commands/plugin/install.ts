import { defineCommand } from '../../command.ts';
import { installFlags, installPackage } from '../../packages/install-package.ts';
import { pluginService } from '../../packages/package-services.ts';

export const command = defineCommand({
  path: ['plugin', 'install'],
  summary: 'Install or update a plugin',
  usage: '[OPTIONS] IMAGE[:TAG]',
  flags: installFlags,
  args: { min: 1, max: 1 },
  completes: 'none',
  async run(ctx) {
    return installPackage(ctx, await pluginService(ctx));
  },
});
