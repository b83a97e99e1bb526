/** Runs a command of the registry's command line. */
import { mkdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { listUsers, putUser, removeUser } from './access/users-file.ts';
import type { CacheSettings } from './cache/cache-settings.ts';
import type { OpenUpstream } from './cache/upstream.ts';
import {
  type Maintained,
  parseRegistryArguments,
  type RegistryCommand,
  readTls,
  registryUsage,
} from './command-line.ts';
import { createRegistryServer, type RegistryServer } from './create-registry-server.ts';
import { lineLogger, silentLogger } from './registry-logger.ts';
import { readServerSettings, type ServerSettings } from './server-settings.ts';
import { s3Root } from './storage/s3/s3-settings.ts';
import { askToCollect, askToRetain, collectionText, retentionText } from './upkeep/maintenance-command.ts';

export interface CommandSurroundings {
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Ends the server. */
  readonly signal: AbortSignal;
  /** Speaks to the registries that parts of this one are caches of. */
  readonly openUpstream?: OpenUpstream | undefined;
  /** Folder of the page that is served with the registry. */
  readonly siteFolder?: string;
}

/** @returns the exit code */
export async function runRegistry(argv: readonly string[], around: CommandSurroundings): Promise<number> {
  try {
    await run(parseRegistryArguments(argv), around);
    return 0;
  } catch (error) {
    const hint = isWharfError(error) && error.hint !== undefined ? `\n${error.hint}` : '';
    around.stderr.write(`registry: ${error instanceof Error ? error.message : String(error)}${hint}\n`);
    return 1;
  }
}

async function run(command: RegistryCommand, around: CommandSurroundings): Promise<void> {
  switch (command.kind) {
    case 'help':
      around.stdout.write(registryUsage);
      return;
    case 'serve':
      return await serve(command, around);
    case 'gc': {
      const { of, dryRun } = command;
      if (of.kind === 'serving')
        return void around.stdout.write(collectionText(await askToCollect(of, dryRun, around.signal)));
      await using server = await openStopped(of, around);
      around.stdout.write(collectionText(await server.collectGarbage(dryRun)));
      return;
    }
    case 'retention': {
      const { of, dryRun } = command;
      if (of.kind === 'serving')
        return void around.stdout.write(retentionText(await askToRetain(of, dryRun, around.signal)));
      await using server = await openStopped(of, around);
      around.stdout.write(retentionText(await server.applyRetention(dryRun)));
      return;
    }
    case 'user-add': {
      const password = (await text(around.stdin)).replace(/\r?\n$/, '');
      await putUser(command.htpasswd, command.name, password);
      return void around.stdout.write(`user ${command.name} may sign in\n`);
    }
    case 'user-rm':
      await removeUser(command.htpasswd, command.name);
      return void around.stdout.write(`user ${command.name} may not sign in any more\n`);
    case 'user-ls':
      for (const name of await listUsers(command.htpasswd)) around.stdout.write(`${name}\n`);
      return;
  }
}

async function serve(command: Extract<RegistryCommand, { kind: 'serve' }>, around: CommandSurroundings): Promise<void> {
  if (command.root !== '' && s3Root(command.root) === undefined) await mkdir(command.root, { recursive: true });
  const { htpasswd, anonymousRead } = command;
  await using server = await createRegistryServer({
    root: command.root,
    logger: command.quiet ? silentLogger : lineLogger(around.stderr),
    settings: withCache(
      command.settings === undefined ? {} : await readServerSettings(command.settings),
      command.cache,
    ),
    openUpstream: around.openUpstream,
    ...(htpasswd === undefined ? {} : { auth: { htpasswd, anonymousRead } }),
    ...(command.tls === undefined ? {} : { tls: await readTls(command.tls) }),
    ...(around.siteFolder === undefined ? {} : { siteFolder: around.siteFolder }),
  });
  const url = await server.listen(command.address, command.port);
  around.stdout.write(`listening on ${url}\n`);
  await untilEnded(around, command.endWithStdin);
  await server.close();
}

/** A registry whose folder is looked after while it does not serve. */
async function openStopped(
  { root, settings: file }: Extract<Maintained, { kind: 'stopped' }>,
  { openUpstream }: CommandSurroundings,
): Promise<RegistryServer> {
  // Access is for who asks over the network; who may write to the folder may do this.
  const { access: _access, ...settings } = file === undefined ? {} : await readServerSettings(file);
  return await createRegistryServer({ root, settings, openUpstream });
}

/** @throws WharfError 'request.invalid' when the settings file says already what all of it is a cache of */
function withCache(settings: ServerSettings, cache: CacheSettings | undefined): ServerSettings {
  if (cache === undefined) return settings;
  const { caches = [] } = settings;
  if (caches.some((other) => other.prefix === cache.prefix))
    throw new WharfError(
      'request.invalid',
      '--upstream, and the settings file too, say what this registry is a cache of',
    );
  return { ...settings, caches: [...caches, cache] };
}

/** A signal; or, where whoever started this holds the other end of standard input, its end with that program. */
async function untilEnded(around: CommandSurroundings, endWithStdin: boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  around.signal.addEventListener('abort', () => resolve(), { once: true });
  if (around.signal.aborted) resolve();
  if (endWithStdin) {
    for (const event of ['end', 'close', 'error']) around.stdin.once(event, () => resolve());
    around.stdin.resume();
  }
  await promise;
  // An open input would keep the process.
  if (endWithStdin) around.stdin.destroy();
}
