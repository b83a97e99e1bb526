import { lstat, stat } from 'node:fs/promises';
import { basename, posix, resolve } from 'node:path';
import type { EngineClient } from '../../client/engine-client.ts';
import { UsageError } from '../argv/usage-error.ts';
import { inputStream } from '../streams/input-stream.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { asksForContent } from './copy-path.ts';
import { packTar } from './pack-tar.ts';
import { type PathStat, statInContainer } from './path-stat.ts';

export interface CopyOptions {
  readonly engine: EngineClient;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly followLink: boolean;
  readonly archive: boolean;
}

/** Copies a file, a directory or an archive from standard input into a container, by docker's rules. */
export async function copyToContainer(
  source: string,
  container: string,
  destination: string,
  options: CopyOptions,
): Promise<number> {
  const { engine, signal } = options;
  const found = await resolveDestination(container, destination, options);
  const query = (path: string) => ({
    path,
    noOverwriteDirNonDir: true,
    copyUIDGID: options.archive ? true : undefined,
  });
  if (source === '-') {
    if (found.stat?.kind !== 'directory') {
      throw new UsageError(`destination "${container}:${destination}" must be a directory`, { exitCode: 1 });
    }
    const upload = inputStream(options.terminal);
    await engine.call('PutContainerArchive', { params: { id: container }, query: query(found.path), upload, signal });
    return 0;
  }
  const local = resolve(source);
  const info = await (options.followLink || /\/\.?$/.test(source) ? stat(local) : lstat(local)).catch(
    (error: unknown) => {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      throw missing ? new UsageError(`${source}: no such file or directory`, { exitCode: 1 }) : error;
    },
  );
  const { directory, name } = place(source, destination, found, info.isDirectory());
  let bytes = 0;
  const archive = packTar({
    source: local,
    name,
    followLink: options.followLink || info.isDirectory(),
    signal,
    onBytes: (count) => {
      bytes += count;
    },
  });
  const upload = ReadableStream.from(archive);
  await engine.call('PutContainerArchive', { params: { id: container }, query: query(directory), upload, signal });
  return bytes;
}

interface Destination {
  readonly path: string;
  readonly stat: PathStat | undefined;
}

/** What is at the destination; a link there is followed once, as docker does. */
async function resolveDestination(
  container: string,
  path: string,
  { engine, signal }: CopyOptions,
): Promise<Destination> {
  const found = await statInContainer(engine, container, path, signal);
  if (found?.kind !== 'link') return { path, stat: found };
  const target = posix.isAbsolute(found.linkTarget)
    ? found.linkTarget
    : posix.join(posix.dirname(path), found.linkTarget);
  return { path: target, stat: await statInContainer(engine, container, target, signal) };
}

/** The directory to unpack in and the name to unpack as. */
function place(
  source: string,
  destination: string,
  found: Destination,
  isDirectory: boolean,
): { readonly directory: string; readonly name: string } {
  if (found.stat?.kind === 'directory')
    return { directory: found.path, name: asksForContent(source) ? '.' : basename(resolve(source)) };
  if (found.stat !== undefined && isDirectory)
    throw new UsageError(`cannot copy directory ${source} to a file`, { exitCode: 1 });
  if (found.stat === undefined && !isDirectory && destination.endsWith('/')) {
    throw new UsageError(`${destination}: no such directory in the container`, {
      exitCode: 1,
      hint: 'Make it first, or leave out the slash.',
    });
  }
  const path = posix.resolve('/', found.path);
  return { directory: posix.dirname(path), name: posix.basename(path) };
}
