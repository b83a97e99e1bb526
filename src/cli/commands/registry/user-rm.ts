import { defineCommand } from '../../command.ts';
import { htpasswdFlag, runUserCommand, usersFile } from './users-file.ts';

export const command = defineCommand({
  path: ['registry', 'user', 'rm'],
  summary: 'Take a user out of a served registry',
  usage: '--htpasswd FILE NAME',
  flags: { htpasswd: htpasswdFlag },
  args: { min: 1, max: 1 },
  run: async (ctx) => runUserCommand(ctx, usersFile(ctx.flags.htpasswd, ctx.calledAs), ['rm', ...ctx.args]),
});
