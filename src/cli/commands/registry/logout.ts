import { defineCommand } from '../../command.ts';
import { eraseCredential } from '../../credentials/credential-sources.ts';
import { registryKey } from '../../credentials/registry-key.ts';

export const command = defineCommand({
  path: ['logout'],
  summary: 'Sign out of a registry',
  usage: '[SERVER]',
  description: 'Without SERVER it is Docker Hub.',
  flags: {},
  args: { min: 0, max: 1 },
  async run(ctx) {
    const [server = ''] = ctx.args;
    const known = await eraseCredential(ctx, server);
    const key = registryKey(server);
    await ctx.terminal.out(known ? `Removing login credentials for ${key}\n` : `Not logged in to ${key}\n`);
    return 0;
  },
});
