import { createWriteStream } from 'node:fs';
import { chmod, lchown, link, lstat, mkdir, rm, symlink, utimes } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../argv/usage-error.ts';
import type { TarEntry } from './tar-header.ts';
import type { TarItem } from './tar-reader.ts';

export interface UnpackOptions {
  readonly root: string;
  /** The name an entry gets below the root; undefined leaves it out. */
  readonly rename: (path: string) => string | undefined;
  /** Keep owner and group; needs root. */
  readonly keepOwner: boolean;
  readonly signal: AbortSignal;
}

/**
 * Unpacks entries below a directory of this machine. A container may be hostile: nothing is written through `..`, an
 * absolute name or a symbolic link that the archive brought along. Resolves with the bytes of content written.
 */
export async function unpackTar(items: AsyncIterable<TarItem>, options: UnpackOptions): Promise<number> {
  let written = 0;
  const directories: { readonly path: string; readonly entry: TarEntry }[] = [];
  for await (const { entry, data } of items) {
    options.signal.throwIfAborted();
    const name = options.rename(entry.path);
    if (name === undefined || entry.kind === 'other') continue;
    const path = safeJoin(options.root, name);
    await refuseLinkedParents(options.root, path);
    await makeEntry(entry, path, data, options);
    if (entry.kind === 'file') written += entry.sizeBytes;
    if (options.keepOwner) await lchown(path, entry.uid, entry.gid);
    if (entry.kind === 'directory') directories.push({ path, entry });
    else if (entry.kind === 'file') await utimes(path, new Date(), new Date(entry.mtimeMs));
  }
  // Last, and inside out: a directory without write permission must still be filled, and filling changes its time.
  for (const { path, entry } of directories.reverse()) {
    await chmod(path, entry.mode);
    await utimes(path, new Date(), new Date(entry.mtimeMs));
  }
  return written;
}

async function makeEntry(
  entry: TarEntry,
  path: string,
  data: AsyncIterable<Uint8Array>,
  options: UnpackOptions,
): Promise<void> {
  const old = await lstat(path).catch(() => undefined);
  if (entry.kind === 'directory') {
    if (old !== undefined && !old.isDirectory()) throw overwrite(path, 'non-directory', 'directory');
    await mkdir(path, { recursive: true, mode: 0o700 });
    return;
  }
  if (old?.isDirectory() === true) throw overwrite(path, 'directory', 'non-directory');
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  if (entry.kind === 'symlink') await symlink(entry.linkTarget, path);
  else if (entry.kind === 'hardlink') {
    const target = options.rename(entry.linkTarget);
    if (target === undefined) throw unsafe(entry.linkTarget);
    const from = safeJoin(options.root, target);
    await refuseLinkedParents(options.root, from);
    await link(from, path);
  } else {
    await pipeline(data, createWriteStream(path, { flags: 'wx', mode: entry.mode & 0o777 }), {
      signal: options.signal,
    });
    await chmod(path, entry.mode);
  }
}

function safeJoin(root: string, name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw unsafe(name);
  return join(root, ...parts);
}

/** Below the root every parent must be a real directory. */
async function refuseLinkedParents(root: string, path: string): Promise<void> {
  let parent = dirname(path);
  while (parent.length > root.length && parent.startsWith(root + (root.endsWith(sep) ? '' : sep))) {
    const stat = await lstat(parent).catch(() => undefined);
    if (stat !== undefined && !stat.isDirectory()) throw unsafe(path);
    parent = dirname(parent);
  }
}

function unsafe(name: string): UsageError {
  return new UsageError(`the archive has an entry that would leave its directory: ${JSON.stringify(name)}`, {
    exitCode: 1,
    hint: 'Do not trust this container.',
  });
}

function overwrite(path: string, old: string, now: string): UsageError {
  return new UsageError(`cannot overwrite ${old} ${JSON.stringify(path)} with ${now}`, { exitCode: 1 });
}
