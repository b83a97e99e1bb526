/** Paths inside a root file system that is not ours: links in it must not lead out of it. */
import { readlinkSync } from 'node:fs';

/** As the kernel: a longer chain is a loop. */
const maxLinks = 40;

/**
 * The path on the host that `path` means inside `root`. Links are followed as if `root` were `/`; a part that does not
 * exist stays as it is. Meant for a root no process changes meanwhile; reads of a running container go through
 * /proc/<pid>/root instead, where the kernel keeps them inside.
 */
export function resolveInRoot(root: string, path: string): string {
  let remaining = path.split('/').filter(Boolean);
  let inside: string[] = [];
  let links = 0;
  while (remaining.length > 0) {
    const [part = '', ...rest] = remaining;
    remaining = rest;
    if (part === '.') continue;
    if (part === '..') {
      inside = inside.slice(0, -1);
      continue;
    }
    const target = links > maxLinks ? undefined : linkTarget([root, ...inside, part].join('/'));
    if (target === undefined) {
      inside.push(part);
      continue;
    }
    links += 1;
    if (target.startsWith('/')) inside = [];
    remaining = [...target.split('/').filter(Boolean), ...remaining];
  }
  return [root, ...inside].join('/');
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
