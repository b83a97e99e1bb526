/**
 * /dev/shm of containers. A private one is the runtime's work and costs nothing here. One that others may join is a tmpfs of
 * the daemon's, bound into each of them:
 *
 *     <exec-root>/shm/<container ID>     there while its container runs; it outlives the daemon as the container does
 */
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { isMounted, mount, mountFlags, unmount } from '../linux/mount.ts';
import { type SharedMemory, shmOptions } from '../runtime/spec-defaults.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import type { ContainerRecord } from './container-record.ts';
import { isLive } from './container-state.ts';

/** At start. @throws WharfError when it can't join the one it names */
export async function openSharedMemory(context: ContainerContext, record: ContainerRecord): Promise<SharedMemory> {
  const { IpcMode: mode = '', ShmSize: sizeBytes = 0 } = record.hostConfig;
  if (mode === 'none') return { kind: 'none' };
  if (mode === 'host') return { kind: 'host' };
  if (mode.startsWith('container:')) return joinedMemory(context, mode);
  if (mode !== 'shareable') return { kind: 'own' };
  const path = shmPath(context.execRoot, record.id);
  await mkdir(path, { recursive: true, mode: 0o700 });
  // Left by a run whose end nobody saw.
  if (isMounted(path)) await unmount(path, { lazy: true });
  const data = shmOptions(sizeBytes)
    .filter((option) => option.includes('='))
    .join(',');
  const { noSuid, noDev, noExec } = mountFlags;
  mount({ source: 'shm', target: path, type: 'tmpfs', flags: noSuid | noDev | noExec, data });
  return { kind: 'shared', path };
}

/** After the run, and for what an unknown container left. Nothing there is fine. */
export async function closeSharedMemory(execRoot: string, id: string): Promise<void> {
  const path = shmPath(execRoot, id);
  await unmount(path, { lazy: true });
  await rmdir(path).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}

/** Whose IPC namespace a container joins. @throws WharfError in Docker's words when it can't be joined */
export function ipcDonor(context: ContainerContext, mode: string): ContainerHandle {
  const donor = context.find(mode.slice('container:'.length));
  if (!isLive(donor.state)) {
    throw new WharfError('container.not-running', `failed to join IPC namespace: container ${donor.id} is not running`);
  }
  const { IpcMode: own = '' } = donor.record.hostConfig;
  if (own !== 'shareable' && own !== 'host' && !own.startsWith('container:')) {
    throw new WharfError(
      'request.invalid',
      `failed to join IPC namespace: container ${donor.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  }
  return donor;
}

function joinedMemory(context: ContainerContext, mode: string): SharedMemory {
  const donor = ipcDonor(context, mode);
  const { IpcMode: own = '' } = donor.record.hostConfig;
  if (own === 'host') return { kind: 'host' };
  if (own.startsWith('container:')) return joinedMemory(context, own);
  const path = shmPath(context.execRoot, donor.id);
  if (!isMounted(path)) {
    throw new WharfError('container.busy', `failed to join IPC namespace: the shared memory of ${donor.id} is gone`, {
      hint: 'Restart the container whose memory is to be shared.',
    });
  }
  return { kind: 'shared', path };
}

function shmPath(execRoot: string, id: string): string {
  return join(execRoot, 'shm', id);
}
