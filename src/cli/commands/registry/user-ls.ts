import { UsageError } from '../../argv/usage-error.ts';
import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';

export const command = defineCommand({
  path: ['registry', 'user', 'ls'],
  summary: 'List the users of a served registry',
  usage: '--htpasswd FILE',
  flags: { htpasswd: { type: 'string', metavar: 'file', help: 'File of users' } },
  args: { min: 0, max: 0 },
  async run(ctx) {
    const { htpasswd } = ctx.flags;
    if (htpasswd === undefined)
      throw new UsageError('--htpasswd FILE is missing', { exitCode: 1, hint: `See 'wharf ${ctx.calledAs} --help'.` });
    const args = [productProgram('out/registry/server.mjs'), 'user', 'ls', '--htpasswd', htpasswd, ...ctx.args];
    return runChild(ctx, { program: process.execPath, args });
  },
});
