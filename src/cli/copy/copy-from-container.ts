import { lstat, mkdir } from 'node:fs/promises';
import { basename, dirname, posix, resolve } from 'node:path';
import { UsageError } from '../argv/usage-error.ts';
import { asksForContent } from './copy-path.ts';
import type { CopyOptions } from './copy-to-container.ts';
import { parsePathStat, statInContainer } from './path-stat.ts';
import { readTar } from './tar-reader.ts';
import { unpackTar } from './unpack-tar.ts';

/** Copies a file or directory of a container to this machine, by docker's rules. Resolves with the bytes of content. */
export async function copyFromContainer(
  container: string,
  source: string,
  destination: string,
  options: CopyOptions,
): Promise<number> {
  const { engine, signal, terminal } = options;
  const path = options.followLink ? await followed(container, source, options) : source;
  if (destination === '-' && terminal.stdoutIsTty) {
    throw new UsageError('cowardly refusing to write an archive to a terminal', {
      exitCode: 1,
      hint: 'Redirect the output.',
    });
  }
  const target = resolve(destination);
  if (destination !== '-') await checkParent(target, destination);
  const { headers, body } = await engine.bytes('ContainerArchive', {
    params: { id: container },
    query: { path },
    signal,
  });
  if (destination === '-') {
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      await terminal.out(chunk);
    }
    return bytes;
  }
  const isDirectory = parsePathStat(headers['x-docker-container-path-stat'] ?? '').kind === 'directory';
  const placed = await place(target, destination, isDirectory, path, posix.basename(source));
  if (placed.make) await mkdir(placed.root, { recursive: true });
  const keepOwner = options.archive && process.getuid?.() === 0;
  return unpackTar(readTar(body), { root: placed.root, rename: placed.rename, keepOwner, signal });
}

async function followed(container: string, source: string, options: CopyOptions): Promise<string> {
  const stat = await statInContainer(options.engine, container, source, options.signal);
  if (stat?.kind !== 'link') return source;
  return posix.isAbsolute(stat.linkTarget) ? stat.linkTarget : posix.join(posix.dirname(source), stat.linkTarget);
}

interface Placement {
  readonly root: string;
  readonly make: boolean;
  readonly rename: (path: string) => string | undefined;
}

/** Where entries go: into an existing directory under the source's name, else under the name the user gave. */
async function place(
  target: string,
  destination: string,
  isDirectory: boolean,
  source: string,
  wanted: string,
): Promise<Placement> {
  const old = await lstat(target).catch(() => undefined);
  const there = old?.isSymbolicLink() === true ? await lstat(await realTarget(target)).catch(() => undefined) : old;
  if (there?.isDirectory() === true) {
    const root = await realTarget(target);
    // A followed link keeps the name it had, not the one of what it points at.
    return { root, make: false, rename: asksForContent(source) ? identity : renameTop(wanted) };
  }
  if (isDirectory) {
    if (there !== undefined) throw new UsageError(`cannot copy directory ${source} to a file`, { exitCode: 1 });
    return { root: target, make: true, rename: asksForContent(source) ? identity : stripTop };
  }
  if (there === undefined && /\/$/.test(destination)) {
    throw new UsageError(`${destination}: no such directory`, {
      exitCode: 1,
      hint: 'Make it first, or leave out the slash.',
    });
  }
  return { root: dirname(target), make: false, rename: renameTop(basename(target)) };
}

async function realTarget(path: string): Promise<string> {
  return (await import('node:fs/promises')).realpath(path);
}

async function checkParent(target: string, destination: string): Promise<void> {
  const parent = await lstat(dirname(target)).catch(() => undefined);
  if (parent === undefined) {
    throw new UsageError(`invalid output path: directory ${JSON.stringify(dirname(destination))} does not exist`, {
      exitCode: 1,
    });
  }
}

function identity(path: string): string {
  return path;
}

function stripTop(path: string): string | undefined {
  const slash = path.replace(/^\.\//, '').indexOf('/');
  const rest = slash < 0 ? '' : path.replace(/^\.\//, '').slice(slash + 1);
  return rest === '' ? '.' : rest;
}

function renameTop(name: string): (path: string) => string {
  return (path) => {
    const [, ...rest] = path.replace(/^\.\//, '').split('/');
    return [name, ...rest].join('/');
  };
}
