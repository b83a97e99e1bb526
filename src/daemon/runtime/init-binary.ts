/** A small init for `--init`: reaps orphans and passes signals on. Wharf uses one the distribution installs. */
import { closeSync, openSync, readSync } from 'node:fs';
import { raise, WharfError } from '../../contract/errors.ts';
import { findExecutable } from './runtime-probe.ts';

const candidates = ['docker-init', 'tini-static', 'catatonit', 'tini'];

/**
 * The path of an init on this host.
 * @param configured the daemon's own setting, taken first.
 * @throws WharfError 'runtime.missing'
 */
export function findInitBinary(configured?: string): string {
  if (configured) return configured;
  for (const name of candidates) {
    const path = findExecutable(name);
    if (path !== undefined && isStatic(path)) return path;
  }
  return raise(
    new WharfError('runtime.missing', `find an init for --init: none of ${candidates.join(', ')} is installed`, {
      hint: 'Install one, on Debian: apt-get install tini (or catatonit).',
    }),
  );
}

const programInterpreter = 3;

/**
 * A program that names an interpreter (PT_INTERP) needs the host's libc, which a container's root does not have. Reads the
 * ELF program headers (System V ABI, figure 5-1), little-endian 64-bit as all machines Wharf runs on.
 */
function isStatic(path: string): boolean {
  const head = Buffer.alloc(4096);
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, head, 0, head.length, 0);
    if (length < 64 || head.toString('latin1', 0, 4) !== '\x7fELF') return false;
  } finally {
    closeSync(fd);
  }
  const tableOffset = Number(head.readBigUInt64LE(32));
  const entrySize = head.readUInt16LE(54);
  const entries = head.readUInt16LE(56);
  for (let entry = 0; entry < entries; entry += 1) {
    const offset = tableOffset + entry * entrySize;
    if (offset + 4 > head.length) return false;
    if (head.readUInt32LE(offset) === programInterpreter) return false;
  }
  return true;
}
