/**
 * The driver `local`: folders below the data root, or what the options `type`, `o` and `device` mount over them.
 *
 *   <root>/<name>/_data        what containers see; a mount point for volumes with options
 *   <root>/.removing-<random>  a removed volume whose files are being deleted
 */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { errnoText } from '../linux/errno-text.ts';
import { isMounted, mount, mountFlags, mountInBackground, unmount } from '../linux/mount.ts';
import { checkLocalName, checkLocalOptions, isVolumeName } from './volume-definition.ts';
import type { DriverVolume, VolumeDriver } from './volume-driver.ts';
import { mountAttempt, type VolumeMount, volumeMount, withAddress } from './volume-mount-options.ts';

const removingPrefix = '.removing-';

/** What the driver must be told of its volumes: the store has it. */
export interface LocalVolumeFacts {
  optionsOf(name: string): Readonly<Record<string, string>> | null | undefined;
  /** Mounts that count, by ID. */
  mountIdsOf(name: string): readonly string[];
}

export class LocalDriver implements VolumeDriver {
  readonly name = 'local';
  readonly #root: string;
  readonly #facts: LocalVolumeFacts;

  constructor(root: string, facts: LocalVolumeFacts) {
    this.#root = root;
    this.#facts = facts;
    mkdirSync(root, { recursive: true, mode: 0o701 });
  }

  async scope(): Promise<'local'> {
    return 'local';
  }

  /** @throws WharfError 'volume.invalid' */
  check(name: string, options: Readonly<Record<string, string>>): void {
    checkLocalName(name);
    checkLocalOptions(options);
  }

  async create(name: string): Promise<void> {
    this.ensureFolder(name);
  }

  ensureFolder(name: string): void {
    mkdirSync(this.dataOf(name), { recursive: true, mode: 0o755 });
  }

  dataOf(name: string): string {
    return join(this.#root, name, '_data');
  }

  folderOf(name: string): string {
    return join(this.#root, name);
  }

  async remove(name: string): Promise<void> {
    await unmount(this.dataOf(name), { lazy: true });
    const trash = join(this.#root, removingPrefix + randomBytes(8).toString('hex'));
    if (!existsSync(this.folderOf(name))) return;
    renameSync(this.folderOf(name), trash);
    await rm(trash, { recursive: true, force: true });
  }

  async get(name: string): Promise<DriverVolume | undefined> {
    if (this.#facts.optionsOf(name) === undefined) return undefined;
    return { name, mountpoint: this.dataOf(name), createdAt: '', status: {} };
  }

  /** The store knows them all. */
  async list(): Promise<readonly DriverVolume[]> {
    return [];
  }

  async mount(name: string): Promise<string> {
    const target = this.dataOf(name);
    this.ensureFolder(name);
    const wanted = volumeMount(this.#facts.optionsOf(name) ?? null);
    if (wanted !== undefined && !isMounted(target)) await mountVolume(wanted, target);
    return target;
  }

  async unmount(name: string, mountId: string): Promise<void> {
    if (volumeMount(this.#facts.optionsOf(name) ?? null) === undefined) return;
    if (this.#facts.mountIdsOf(name).some((id) => id !== mountId)) return;
    await unmount(this.dataOf(name), { lazy: true });
  }

  /** Folders that look like volumes; those half removed are deleted, which nobody waits for. */
  takeUp(onTrouble: (message: string) => void): readonly string[] {
    return readdirSync(this.#root, { withFileTypes: true }).flatMap((entry) => {
      if (!entry.isDirectory()) return [];
      if (!entry.name.startsWith(removingPrefix)) {
        return isVolumeName(entry.name) && existsSync(this.dataOf(entry.name)) ? [entry.name] : [];
      }
      const path = join(this.#root, entry.name);
      rm(path, { recursive: true, force: true }).catch((error: unknown) =>
        onTrouble(`delete ${path}: ${String(error)}`),
      );
      return [];
    });
  }
}

async function mountVolume(asked: VolumeMount, target: string): Promise<void> {
  if (asked.device === '') throw failed('missing device in volume options');
  const wanted = await resolved(asked);
  // Another container may have mounted it while the name was resolved.
  if (isMounted(target)) return;
  const { device, type, flags, data, propagation } = wanted;
  try {
    await mountInBackground({ source: device, target, type, flags, data });
    // The kernel overlooks other flags of a bind mount until it is mounted again with them.
    const rebind = mountFlags.bind | mountFlags.remount;
    const others = flags & ~(mountFlags.bind | mountFlags.recursive);
    if ((flags & mountFlags.bind) !== 0 && others !== 0) {
      mount({ source: device, target, type: '', flags: rebind | others });
    }
    if (propagation !== 0) mount({ source: '', target, type: '', flags: propagation });
  } catch (cause) {
    await unmount(target, { lazy: true });
    throw failed(`failed to mount local volume: ${mountAttempt(wanted, target)}: ${errnoText(cause)}`, cause);
  }
}

async function resolved(wanted: VolumeMount): Promise<VolumeMount> {
  const { server } = wanted;
  if (server === undefined || isIP(server) === 4) return wanted;
  if (isIP(server) === 6) return wanted;
  try {
    const { address } = await lookup(server);
    return withAddress(wanted, address);
  } catch (cause) {
    throw failed(`error resolving passed in network volume address: lookup ${server}: no such host`, cause);
  }
}

function failed(message: string, cause?: unknown): WharfError {
  return new WharfError('volume.invalid', message, {
    cause,
    status: 500,
    hint: 'Check the volume options type, o and device.',
  });
}
