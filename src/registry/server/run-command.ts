/** Runs a command of the registry's command line. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { isWharfError } from '../../contract/errors.ts';
import { parseRegistryArguments, type RegistryCommand, readTls, registryUsage } from './command-line.ts';
import { createRegistryServer } from './create-registry-server.ts';
import { htpasswdLine } from './htpasswd.ts';
import { lineLogger, silentLogger } from './registry-logger.ts';
import { s3Root } from './s3-settings.ts';
import { readServerSettings } from './server-settings.ts';

export interface CommandSurroundings {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Ends the server. */
  readonly signal: AbortSignal;
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
      await using server = await createRegistryServer({ root: command.root });
      const { blobs, bytes, uploads } = await server.collectGarbage();
      around.stdout.write(`removed ${blobs} blobs (${bytes} bytes) and ${uploads} unfinished uploads\n`);
      return;
    }
    case 'user-add':
      return await addUser(command.htpasswd, command.name, around);
  }
}

async function serve(command: Extract<RegistryCommand, { kind: 'serve' }>, around: CommandSurroundings): Promise<void> {
  if (command.root !== '' && s3Root(command.root) === undefined) await mkdir(command.root, { recursive: true });
  const { htpasswd, anonymousRead } = command;
  await using server = await createRegistryServer({
    root: command.root,
    logger: command.quiet ? silentLogger : lineLogger(around.stderr),
    ...(command.settings === undefined ? {} : { settings: await readServerSettings(command.settings) }),
    ...(htpasswd === undefined ? {} : { auth: { htpasswd, anonymousRead } }),
    ...(command.tls === undefined ? {} : { tls: await readTls(command.tls) }),
    ...(around.siteFolder === undefined ? {} : { siteFolder: around.siteFolder }),
  });
  const url = await server.listen(command.address, command.port);
  around.stdout.write(`listening on ${url}\n`);
  await untilEnded(around, command.endWithStdin);
  await server.close();
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
}

async function addUser(file: string, name: string, around: CommandSurroundings): Promise<void> {
  const password = (await text(around.stdin)).replace(/\r?\n$/, '');
  const line = await htpasswdLine(name, password);
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const others = before.split('\n').filter((other) => other.trim() !== '' && !other.startsWith(`${name}:`));
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${[...others, line].join('\n')}\n`, { mode: 0o600 });
  await rename(temporary, file);
  around.stdout.write(`user ${name} may sign in\n`);
}
