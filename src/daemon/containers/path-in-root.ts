import { lstat, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { WharfError } from '../../contract/errors.ts';

const maxLinks = 255;

/**
 * What a path means to a process whose root is `root`: links are followed as if `root` were `/`, and `..` never climbs
 * above it. Parts that do not exist stay as they are. The answer is a path on the host.
 *
 * For trees nobody changes meanwhile, or whose changers may at most confuse themselves: a process in a running container
 * can swap a directory for a link behind our back, so for those `archive-root.ts` works in the container's mount namespace.
 */
export async function resolveInRoot(
  root: string,
  path: string,
  options: { readonly followLast: boolean } = { followLast: true },
): Promise<string> {
  const todo = path.split('/').reverse();
  let done = '/';
  let links = 0;
  while (todo.length > 0) {
    const part = todo.pop();
    if (part === undefined || part === '' || part === '.') continue;
    if (part === '..') {
      done = posix.dirname(done);
      continue;
    }
    const next = posix.join(done, part);
    const isLast = todo.every((rest) => rest === '' || rest === '.');
    const target = isLast && !options.followLast ? undefined : await linkTarget(join(root, next));
    if (target === undefined) {
      done = next;
      continue;
    }
    if (++links > maxLinks) {
      // dockerd's words and status.
      throw new WharfError('container.path-not-found', `evalSymlinksInScope: too many links in ${path}`, {
        status: 500,
      });
    }
    if (target.startsWith('/')) done = '/';
    todo.push(...target.split('/').reverse());
  }
  return join(root, done);
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    const found = await lstat(path);
    return found.isSymbolicLink() ? await readlink(path) : undefined;
  } catch {
    return undefined;
  }
}
