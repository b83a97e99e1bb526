/** A small init for `--init`: reaps orphans and passes signals on. Wharf uses one the distribution installs. */
import { raise, WharfError } from '../../contract/errors.ts';
import { findExecutable } from './runtime-probe.ts';

/** Static ones only: the file is bound into roots with any libc, or none. */
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
    if (path !== undefined) return path;
  }
  return raise(
    new WharfError('runtime.missing', `find an init for --init: none of ${candidates.join(', ')} is installed`, {
      hint: 'Install one, on Debian: apt-get install tini (or catatonit).',
    }),
  );
}
