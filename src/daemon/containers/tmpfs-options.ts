/** Options of tmpfs mounts: Docker's defaults, the user's own, checked. Pure. */
import { WharfError } from '../../contract/errors.ts';

const defaults = ['noexec', 'nosuid', 'nodev', 'rprivate'];
/** Words without a value, each with its opposite. */
const opposites: Readonly<Record<string, string | undefined>> = {
  ro: 'rw',
  rw: 'ro',
  suid: 'nosuid',
  nosuid: 'suid',
  dev: 'nodev',
  nodev: 'dev',
  exec: 'noexec',
  noexec: 'exec',
  sync: 'async',
  async: 'sync',
  atime: 'noatime',
  noatime: 'atime',
  diratime: 'nodiratime',
  nodiratime: 'diratime',
  relatime: 'norelatime',
  norelatime: 'relatime',
  strictatime: 'nostrictatime',
  nostrictatime: 'strictatime',
  mand: 'nomand',
  nomand: 'mand',
};
const plainWords: ReadonlySet<string> = new Set([
  ...Object.keys(opposites),
  ...['defaults', 'dirsync', 'remount', 'bind', 'rbind'],
  ...['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
]);
const valued: ReadonlySet<string> = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);
const propagationWords: ReadonlySet<string> = new Set(
  [...plainWords].filter((word) => /^r?(private|shared|slave|unbindable)$/.test(word)),
);

/**
 * The later of two that contradict each other holds.
 * @throws WharfError 'container.config-invalid' for an option no tmpfs has
 */
export function tmpfsOptions(given: readonly string[]): readonly string[] {
  const merged: string[] = [];
  const seen = new Set<string>();
  for (const option of [...defaults, ...given].reverse()) {
    const [name = ''] = option.split('=', 1);
    const isWord = plainWords.has(option);
    if (!isWord && !(valued.has(name) && option.includes('='))) {
      throw new WharfError('container.config-invalid', `invalid tmpfs option "${name}"`, { status: 500 });
    }
    const key = isWord && propagationWords.has(option) ? 'propagation' : isWord ? option : name;
    if (option === 'defaults' || seen.has(key) || seen.has(opposites[key] ?? key)) continue;
    seen.add(key);
    merged.unshift(option);
  }
  return merged;
}
