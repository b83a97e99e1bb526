import { UsageError } from '../../argv/usage-error.ts';
import { type CommandContext, defineCommand, type FlagTable } from '../../command.ts';
import { type StoredIn, storeCredential } from '../../credentials/credential-sources.ts';
import { hubKey, registryKey } from '../../credentials/registry-key.ts';
import { readAll, readLine, readSecret } from '../../prompt/read-line.ts';

export const command = defineCommand({
  path: ['login'],
  summary: 'Sign in to a registry',
  usage: '[OPTIONS] [SERVER]',
  description: 'Without SERVER it is Docker Hub.',
  flags: {
    password: { type: 'string', short: 'p', help: 'Password or access token; visible to other users of this machine' },
    'password-stdin': { type: 'bool', help: 'Read the password from standard input' },
    plain: { type: 'bool', help: 'Store the password unencrypted, for programs that must read it' },
    username: { type: 'string', short: 'u', help: 'User name' },
  },
  args: { min: 0, max: 1 },
  async run(ctx) {
    const { flags, terminal } = ctx;
    const [server = ''] = ctx.args;
    if (flags.password !== undefined && flags['password-stdin']) {
      throw new UsageError('--password and --password-stdin are mutually exclusive', { exitCode: 1 });
    }
    if (flags['password-stdin'] && flags.username === undefined) {
      throw new UsageError('the --password-stdin option requires --username', { exitCode: 1 });
    }
    if (flags.password !== undefined) {
      await terminal.err('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    }
    const { username, password } = await askFor(ctx, flags.username, flags.password, flags['password-stdin']);
    const engine = await ctx.engine();
    const body = { username, password, serveraddress: registryKey(server) };
    const { Status, IdentityToken } = await engine.call('SystemAuth', { body, signal: ctx.signal });
    const identityToken = IdentityToken ?? '';
    const credential =
      identityToken === '' ? { username, password, identityToken: '' } : { username, password: '', identityToken };
    const stored = await storeCredential(ctx, server, credential, flags.plain);
    await terminal.err(storeNote(stored));
    await terminal.out(`${Status === '' ? 'Login Succeeded' : Status}\n`);
    return 0;
  },
});

async function askFor<T extends FlagTable>(
  ctx: CommandContext<T>,
  givenName: string | undefined,
  givenPassword: string | undefined,
  fromStdin: boolean,
): Promise<{ readonly username: string; readonly password: string }> {
  const { terminal, signal } = ctx;
  if (fromStdin) {
    const password = (await readAll(terminal, signal)).replace(/\r?\n$/, '');
    if (password === '') throw new UsageError('password is empty', { exitCode: 1 });
    return { username: givenName ?? '', password };
  }
  if (givenName !== undefined && givenPassword !== undefined) return { username: givenName, password: givenPassword };
  if (!terminal.stdinIsTty) {
    throw new UsageError('cannot perform an interactive login from a non-TTY device', {
      exitCode: 1,
      hint: 'Give --username and --password-stdin.',
    });
  }
  const where = ctx.args[0] === undefined || registryKey(ctx.args[0]) === hubKey ? 'Docker Hub' : ctx.args[0];
  if (givenName === undefined) await terminal.out(`Username for ${where}: `);
  const line = givenName ?? (await readLine(terminal, signal));
  // Ctrl-D leaves the cursor behind the question.
  if (line === undefined) await terminal.out('\n');
  const username = line?.trim() ?? '';
  if (username === '') throw new UsageError('username is required', { exitCode: 1 });
  const password = givenPassword ?? (await readSecret(terminal, 'Password: ', signal));
  if (password === '') throw new UsageError('password is required', { exitCode: 1 });
  return { username, password };
}

function storeNote(stored: StoredIn): string {
  if (stored.kind !== 'plain') return '';
  return `WARNING! Your credentials are stored unencrypted in '${stored.path}'.\nSet up a credential helper, or sign in without --plain.\n`;
}
