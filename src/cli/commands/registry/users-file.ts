/** What `registry user add`, `ls` and `rm` share: the file of users, and the registry's own program, which knows its form. */
import { UsageError } from '../../argv/usage-error.ts';
import { runChild } from '../../child-program.ts';
import type { CommandContext, FlagTable, StringFlag } from '../../command.ts';
import { productProgram } from '../../product-files.ts';

export const htpasswdFlag = { type: 'string', metavar: 'file', help: 'File of users' } as const satisfies StringFlag;

/** @throws UsageError without --htpasswd */
export function usersFile(given: string | undefined, calledAs: string): string {
  if (given !== undefined) return given;
  throw new UsageError('--htpasswd FILE is missing', { exitCode: 1, hint: `See 'wharf ${calledAs} --help'.` });
}

/** @param verb of the program's `user` command, with what follows the file */
export function runUserCommand<T extends FlagTable>(
  ctx: CommandContext<T>,
  file: string,
  [verb, ...names]: readonly [verb: string, ...names: string[]],
  input?: string,
): Promise<number> {
  const args = [productProgram('out/registry/server.mjs'), 'user', verb, '--htpasswd', file, ...names];
  return runChild(ctx, { program: process.execPath, args, ...(input === undefined ? {} : { input }) });
}
