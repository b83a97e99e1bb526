/** The C library's words for an errno, as Go programs, and so Docker, show them. */
import { getSystemErrorMap } from 'node:util';
import { errnoOf } from './mount.ts';

/** Where libuv has words of its own. */
const words: Readonly<Record<string, string>> = {
  EBUSY: 'device or resource busy',
  EEXIST: 'file exists',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENOMEM: 'cannot allocate memory',
  ENOTBLK: 'block device required',
  ENOTSUP: 'operation not supported',
};

/** `no such file or directory` for an error with ENOENT; the message of an error without any errno. */
export function errnoText(error: unknown): string {
  const name = errnoOf(error);
  if (name === undefined) return error instanceof Error ? error.message : String(error);
  const known = words[name];
  if (known !== undefined) return known;
  for (const [code, text] of getSystemErrorMap().values()) if (code === name) return text;
  return name;
}
