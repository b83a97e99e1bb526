/** From a create request to a volume's record: names, drivers and options by Docker's rules. Pure but for random names. */
import { randomBytes } from 'node:crypto';
import type { VolumeCreateRequest } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { mountFlags } from '../linux/mount.ts';

export const anonymousLabel = 'com.docker.volume.anonymous';

export interface VolumeRecord {
  readonly name: string;
  readonly driver: 'local';
  /** RFC 3339, whole seconds, as Docker shows it. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>> | null;
  /** type, o and device of a volume that is a mount of its own. */
  readonly options: Readonly<Record<string, string>> | null;
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const maxNameBytes = 255;
const knownOptions = ['type', 'o', 'device', 'size'];
/** Giving the one asks for the others (moby, volume/local). */
const companions: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  type: ['device'],
  o: ['device', 'type'],
};

/** @throws WharfError 'volume.invalid' | 'plugin.not-found' */
export function defineVolume(request: VolumeCreateRequest, now: Date): VolumeRecord {
  const driver = request.Driver ?? '';
  if (driver !== '' && driver !== 'local') {
    throw new WharfError('plugin.not-found', `error looking up volume plugin ${driver}: plugin "${driver}" not found`, {
      hint: 'Wharf has the volume driver local.',
    });
  }
  const isAnonymous = (request.Name ?? '') === '';
  const name = isAnonymous ? randomBytes(32).toString('hex') : (request.Name ?? '');
  checkName(name);
  const options = request.DriverOpts ?? {};
  checkOptions(name, options);
  const labels = { ...request.Labels, ...(isAnonymous ? { [anonymousLabel]: '' } : {}) };
  return {
    name,
    driver: 'local',
    createdAt: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    labels: Object.keys(labels).length === 0 ? null : labels,
    options: Object.keys(options).length === 0 ? null : options,
  };
}

export function isVolumeName(name: string): boolean {
  return namePattern.test(name) && Buffer.byteLength(name) <= maxNameBytes;
}

function checkName(name: string): void {
  if (name.length === 1) {
    throw new WharfError(
      'volume.invalid',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!namePattern.test(name)) {
    throw new WharfError(
      'volume.invalid',
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  if (Buffer.byteLength(name) > maxNameBytes)
    throw new WharfError('volume.invalid', `create ${name}: volume name is too long`);
}

function checkOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const option of Object.keys(options)) {
    if (!knownOptions.includes(option))
      throw new WharfError('volume.invalid', `create ${name}: invalid option: "${option}"`);
    for (const companion of companions[option] ?? []) {
      if (options[companion] !== undefined) continue;
      throw new WharfError('volume.invalid', `create ${name}: missing required option: "${companion}"`);
    }
  }
  if (options.size !== undefined) {
    throw new WharfError('volume.invalid', `create ${name}: quota size requested but no quota support`);
  }
}

const flagOptions: Readonly<Record<string, number>> = {
  ro: mountFlags.readOnly,
  nosuid: mountFlags.noSuid,
  nodev: mountFlags.noDev,
  noexec: mountFlags.noExec,
  noatime: mountFlags.noAtime,
  relatime: mountFlags.relativeAtime,
  bind: mountFlags.bind,
  rbind: mountFlags.bind | mountFlags.recursive,
};
/** The opposites, which clear a flag set before. */
const clearOptions: Readonly<Record<string, number>> = {
  rw: mountFlags.readOnly,
  suid: mountFlags.noSuid,
  dev: mountFlags.noDev,
  exec: mountFlags.noExec,
  atime: mountFlags.noAtime,
  norelatime: mountFlags.relativeAtime,
  defaults: 0,
};

export interface VolumeMount {
  readonly type: string;
  readonly device: string;
  readonly flags: number;
  readonly data: string;
  /** NFS and CIFS: the server's address in the options; a name must be resolved before mount(2). */
  readonly server: string | undefined;
}

/** What to mount for a volume's options; undefined for a plain folder. */
export function volumeMount(options: Readonly<Record<string, string>> | null): VolumeMount | undefined {
  const { type, device, o = '' } = options ?? {};
  if (type === undefined || device === undefined) return undefined;
  let flags = 0;
  const data: string[] = [];
  for (const option of o.split(',').filter((text) => text !== '')) {
    if (flagOptions[option] !== undefined) flags |= flagOptions[option];
    else if (clearOptions[option] !== undefined) flags &= ~clearOptions[option];
    else data.push(option);
  }
  const server = data.find((option) => option.startsWith('addr='))?.slice('addr='.length);
  return { type: type === 'none' ? '' : type, device, flags, data: data.join(','), server };
}
