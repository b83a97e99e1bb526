import { defineCommand } from '../../command.ts';
import { htpasswdFlag, runUserCommand, usersFile } from './users-file.ts';

export const command = defineCommand({
  path: ['registry', 'user', 'ls'],
  summary: 'List the users of a served registry',
  usage: '--htpasswd FILE',
  flags: { htpasswd: htpasswdFlag },
  args: { min: 0, max: 0 },
  run: async (ctx) => runUserCommand(ctx, usersFile(ctx.flags.htpasswd, ctx.calledAs), ['ls', ...ctx.args]),
});
