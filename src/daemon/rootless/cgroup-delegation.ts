/**
 * Control groups an ordinary user may use: a v2 group that systemd delegated (Delegate=yes), told by its files belonging to
 * the user. Without one there are no limits, no pause and no usage figures.
 *
 *     <delegated group>             root of the cgroup namespace
 *       ├─ wharfd                   parent, holder, network, engine, conmons: inner groups must not hold processes
 *       └─ wharf-<instance>/<id>    containers, by the OCI runtime
 */
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cgroupRoot, detectCgroupMode, hybridMount } from '../linux/cgroup.ts';
import type { ProcessIdentity } from '../linux/process.ts';

const ownGroup = 'wharfd';

/** The v2 tree's mount point, where there is one. A hybrid host's has no controllers, but groups all the same. */
function treeRoot(): string | undefined {
  const mode = detectCgroupMode();
  if (mode === 'v2') return cgroupRoot;
  return mode === 'hybrid' ? hybridMount : undefined;
}

function groupOf(pid: number | 'self'): string | undefined {
  const root = treeRoot();
  if (root === undefined) return undefined;
  const path = /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  return path === undefined ? undefined : `${root}${path === '/' ? '' : path}`;
}

/** The folder of this process's group when it was delegated to the user. */
export function findDelegation(): string | undefined {
  const folder = groupOf('self');
  if (folder === undefined || folder === treeRoot()) return undefined;
  try {
    for (const name of ['', '/cgroup.procs', '/cgroup.subtree_control']) accessSync(folder + name, constants.W_OK);
    return folder;
  } catch {
    return undefined;
  }
}

/**
 * Moves `members` into a group of their own and hands the controllers on. Call it when the namespace's root is made: it is
 * the group that its maker was in.
 * @returns why it did not work, or undefined
 */
export function occupyDelegation(folder: string, members: readonly number[]): string | undefined {
  try {
    mkdirSync(`${folder}/${ownGroup}`, { recursive: true });
    for (const pid of members) writeFileSync(`${folder}/${ownGroup}/cgroup.procs`, String(pid));
    const controllers = readFileSync(`${folder}/cgroup.controllers`, 'utf8').trim().split(' ').filter(Boolean);
    for (const name of controllers) writeFileSync(`${folder}/cgroup.subtree_control`, `+${name}`);
    return undefined;
  } catch (error) {
    return `control groups in ${folder}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Moves this process to where the holder of an earlier start is, so that the engine's children start there. */
export function joinGroupOf(holder: ProcessIdentity): void {
  const folder = groupOf(holder.pid);
  if (folder === undefined || folder === groupOf('self')) return;
  writeFileSync(`${folder}/cgroup.procs`, String(process.pid));
}

/** Leaves the group of our own, which then goes: for the end, when nobody else is in it. */
export function leaveDelegation(): void {
  const folder = groupOf('self');
  if (folder === undefined || !folder.endsWith(`/${ownGroup}`)) return;
  const delegated = folder.slice(0, -ownGroup.length - 1);
  try {
    const enabled = readFileSync(`${delegated}/cgroup.subtree_control`, 'utf8').trim().split(' ').filter(Boolean);
    for (const name of enabled) writeFileSync(`${delegated}/cgroup.subtree_control`, `-${name}`);
    writeFileSync(`${delegated}/cgroup.procs`, String(process.pid));
    rmdirSync(folder);
  } catch {
    // systemd removes the whole tree with the unit.
  }
}
