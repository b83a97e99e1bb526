import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { errnoOf } from '../linux/mount.ts';
import { openInRoot, openRoot } from '../linux/open-in-root.ts';

/**
 * A small file of a tree that somebody else made; no link leads out of it. A folder answers no bytes.
 * @returns undefined when it is not there. @throws WharfError 'plugin.invalid' when it is larger than `maxBytes`
 */
export function readInRoot(root: string, path: string, maxBytes: number): Buffer | undefined {
  using base = openRoot(root);
  try {
    using found = openInRoot(base, path, { directory: false, follow: true });
    const stat = statSync(found.path);
    if (stat.isDirectory()) return Buffer.alloc(0);
    if (!stat.isFile()) return undefined;
    if (stat.size > maxBytes) throw new WharfError('plugin.invalid', `${path} is larger than ${maxBytes} bytes`);
    return readAll(found.path, stat.size);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function readAll(path: string, sizeBytes: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(sizeBytes);
    return bytes.subarray(0, readSync(file, bytes, 0, sizeBytes, 0));
  } finally {
    closeSync(file);
  }
}
