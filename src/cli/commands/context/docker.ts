import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../argv/usage-error.ts';
import { defineCommand } from '../../command.ts';
import { readJsonFile } from '../../settings/config-home.ts';

export const command = defineCommand({
  path: ['context', 'docker'],
  summary: 'Let the docker command use this engine',
  usage: '[OPTIONS] [NAME]',
  description:
    "Makes a context for docker's own command line, so that `docker --context wharf ps` talks to this engine.",
  flags: {
    force: { type: 'bool', short: 'f', help: 'Replace a docker context of the same name' },
    print: { type: 'bool', short: 'p', help: 'Only print what to set and run' },
  },
  args: { min: 0, max: 1 },
  async run(ctx) {
    const [name = 'wharf'] = ctx.args;
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(name) || name === 'default') {
      throw new UsageError(`context name ${JSON.stringify(name)} is invalid`, { exitCode: 1 });
    }
    const host = await ctx.engineAddress();
    if (ctx.flags.print) {
      await ctx.terminal.out(
        `export DOCKER_HOST=${host}\n\n# or, once and for all:\ndocker context create ${name} --docker host=${host}\ndocker context use ${name}\n`,
      );
      return 0;
    }
    const folder = join(dockerConfigDir(ctx.env), 'contexts', 'meta', createHash('sha256').update(name).digest('hex'));
    const path = join(folder, 'meta.json');
    if (readJsonFile(path) !== undefined && !ctx.flags.force) {
      throw new UsageError(`docker already has a context ${JSON.stringify(name)}`, {
        exitCode: 1,
        hint: 'Replace it with --force, or give another name.',
      });
    }
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    // The store of docker's contexts: a folder named for the digest of the context's name.
    writeFileSync(
      path,
      JSON.stringify({
        Name: name,
        Metadata: { Description: 'Wharf' },
        Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
      }),
      { mode: 0o644 },
    );
    await ctx.terminal.out(`${name}\n`);
    await ctx.terminal.err(
      `docker can use this engine now: docker --context ${name} ps, or for good: docker context use ${name}\n`,
    );
    return 0;
  },
});

function dockerConfigDir(env: Readonly<Record<string, string | undefined>>): string {
  const dir = env.DOCKER_CONFIG;
  return dir !== undefined && dir !== '' ? dir : join(env.HOME ?? '/', '.docker');
}
