import { defineCommand } from '../../command.ts';
import { installFlags, installPackage } from '../../packages/install-package.ts';
import { extensionService } from '../../packages/package-services.ts';

export const command = defineCommand({
  path: ['extension', 'install'],
  summary: 'Install or update an extension',
  usage: '[OPTIONS] IMAGE[:TAG]',
  flags: installFlags,
  args: { min: 1, max: 1 },
  completes: 'none',
  async run(ctx) {
    return installPackage(ctx, await extensionService(ctx));
  },
});
