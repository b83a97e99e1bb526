import { UsageError } from '../../argv/usage-error.ts';
import { runChild } from '../../child-program.ts';
import { defineCommand } from '../../command.ts';
import { productProgram } from '../../product-files.ts';

export const command = defineCommand({
  path: ['registry', 'user', 'rm'],
  summary: 'Take a user out of a served registry',
  usage: '--htpasswd FILE NAME',
  flags: { htpasswd: { type: 'string', metavar: 'file', help: 'File of users' } },
  args: { min: 1, max: 1 },
  async run(ctx) {
    const { htpasswd } = ctx.flags;
    if (htpasswd === undefined)
      throw new UsageError('--htpasswd FILE is missing', { exitCode: 1, hint: `See 'wharf ${ctx.calledAs} --help'.` });
    const args = [productProgram('out/registry/server.mjs'), 'user', 'rm', '--htpasswd', htpasswd, ...ctx.args];
    return runChild(ctx, { program: process.execPath, args });
  },
});
