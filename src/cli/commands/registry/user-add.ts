import { UsageError } from '../../argv/usage-error.ts';
import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';
import { readAll, readSecret } from '../../prompt/read-line.ts';

export const command = defineCommand({
  path: ['registry', 'user', 'add'],
  summary: 'Add a user of a served registry, or change a password',
  usage: '--htpasswd FILE NAME',
  flags: {
    htpasswd: { type: 'string', metavar: 'file', help: 'File of users' },
    'password-stdin': { type: 'bool', help: 'Read the password from standard input' },
  },
  args: { min: 1, max: 1 },
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [name = ''] = ctx.args;
    if (flags.htpasswd === undefined)
      throw new UsageError('--htpasswd FILE is missing', { exitCode: 1, hint: `See 'wharf ${ctx.calledAs} --help'.` });
    const ask = terminal.stdinIsTty && !flags['password-stdin'];
    const typed = ask ? await readSecret(terminal, 'Password: ', ctx.signal) : await readAll(terminal, ctx.signal);
    const password = typed.replace(/\r?\n$/, '');
    if (password === '') throw new UsageError('password is empty', { exitCode: 1 });
    const args = [productProgram('out/registry/server.mjs'), 'user', 'add', '--htpasswd', flags.htpasswd, name];
    return runChild(ctx, { program: process.execPath, args, input: `${password}\n` });
  },
});
