import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { readAll, readSecret } from '../../prompt/read-line.ts';
import { htpasswdFlag, runUserCommand, usersFile } from './users-file.ts';

export const command = defineCommand({
  path: ['registry', 'user', 'add'],
  summary: 'Add a user of a served registry, or change a password',
  usage: '--htpasswd FILE NAME',
  flags: {
    htpasswd: htpasswdFlag,
    'password-stdin': { type: 'bool', help: 'Read the password from standard input' },
  },
  args: { min: 1, max: 1 },
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [name = ''] = ctx.args;
    const file = usersFile(flags.htpasswd, ctx.calledAs);
    const ask = terminal.stdinIsTty && !flags['password-stdin'];
    const typed = ask ? await readSecret(terminal, 'Password: ', ctx.signal) : await readAll(terminal, ctx.signal);
    const password = typed.replace(/\r?\n$/, '');
    if (password === '') throw new UsageError('password is empty', { exitCode: 1 });
    return runUserCommand(ctx, file, ['add', name], `${password}\n`);
  },
});
