/**
 * Binds without what is mounted below their source (`bind-recursive=disabled`). crun 1.8 takes everything along whatever it is
 * told, so it is given a bind of our own that has nothing below.
 *
 *   <exec-root>/volume-subpaths/<container>.bind-<n>
 */
import { bindAlone, unbindSubpath } from '../volumes/volume-subpaths.ts';
import type { ContainerContext } from './container-context.ts';
import type { ContainerRecord, MountRecord } from './container-record.ts';

type BindMount = Extract<MountRecord, { kind: 'bind' }>;

/** Answers where it is; the source itself when nothing could be below. */
export async function bindLone(context: ContainerContext, record: ContainerRecord, mount: BindMount): Promise<string> {
  const key = keyOf(record, mount);
  await unbindSubpath(folderOf(context), key);
  return bindAlone(folderOf(context), key, mount.source);
}

export async function unbindLone(context: ContainerContext, record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.kind === 'bind' && !mount.recursive) await unbindSubpath(folderOf(context), keyOf(record, mount));
  }
}

function keyOf({ id, mounts }: ContainerRecord, mount: BindMount): string {
  return `${id}.bind-${mounts.indexOf(mount)}`;
}

function folderOf({ execRoot }: ContainerContext): string {
  return `${execRoot}/volume-subpaths`;
}
