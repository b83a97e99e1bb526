/** What mount(2) is to do for a local volume's options `type`, `o` and `device`. Pure. */
import { mountFlags } from '../linux/mount.ts';

const flagOptions: Readonly<Record<string, number>> = {
  ro: mountFlags.readOnly,
  nosuid: mountFlags.noSuid,
  nodev: mountFlags.noDev,
  noexec: mountFlags.noExec,
  sync: mountFlags.synchronous,
  remount: mountFlags.remount,
  mand: mountFlags.mandatoryLocks,
  dirsync: mountFlags.dirSync,
  noatime: mountFlags.noAtime,
  nodiratime: mountFlags.noDirAtime,
  relatime: mountFlags.relativeAtime,
  strictatime: mountFlags.strictAtime,
  bind: mountFlags.bind,
  rbind: mountFlags.bind | mountFlags.recursive,
};
/** The opposites, which clear a flag set before. */
const clearOptions: Readonly<Record<string, number>> = {
  rw: mountFlags.readOnly,
  suid: mountFlags.noSuid,
  dev: mountFlags.noDev,
  exec: mountFlags.noExec,
  async: mountFlags.synchronous,
  nomand: mountFlags.mandatoryLocks,
  atime: mountFlags.noAtime,
  diratime: mountFlags.noDirAtime,
  norelatime: mountFlags.relativeAtime,
  nostrictatime: mountFlags.strictAtime,
  defaults: 0,
};
/** Set by a mount(2) of their own, after the first. */
const propagationOptions: Readonly<Record<string, number>> = {
  private: mountFlags.private,
  rprivate: mountFlags.private | mountFlags.recursive,
  slave: mountFlags.slave,
  rslave: mountFlags.slave | mountFlags.recursive,
  shared: mountFlags.shared,
  rshared: mountFlags.shared | mountFlags.recursive,
};

export interface VolumeMount {
  readonly type: string;
  readonly device: string;
  readonly flags: number;
  /** 0: as the kernel makes it. */
  readonly propagation: number;
  readonly data: string;
  /** NFS and CIFS: a name in `addr=` or in the device's URL, which must be resolved before mount(2). */
  readonly server: string | undefined;
}

/** undefined for a plain folder. */
export function volumeMount(options: Readonly<Record<string, string>> | null): VolumeMount | undefined {
  const { type = '', device = '', o = '' } = options ?? {};
  if (type === '' && device === '') return undefined;
  let flags = 0;
  let propagation = 0;
  const data: string[] = [];
  for (const option of o.split(',').filter((text) => text !== '')) {
    if (flagOptions[option] !== undefined) flags |= flagOptions[option];
    else if (clearOptions[option] !== undefined) flags &= ~clearOptions[option];
    else if (propagationOptions[option] !== undefined) propagation |= propagationOptions[option];
    else data.push(option);
  }
  return { type, device, flags, propagation, data: data.join(','), server: serverOf(type, device, data) };
}

function serverOf(type: string, device: string, data: readonly string[]): string | undefined {
  if (type !== 'nfs' && type !== 'cifs') return undefined;
  const given = data.find((option) => option.startsWith('addr='))?.slice('addr='.length);
  if (given) return given;
  return type === 'cifs' ? /^\/\/([^/@]*@)?([^/:]+)/.exec(device)?.[2] : undefined;
}

/** The same mount with the server's address in the place of its name: mount(2) resolves none, as mount.nfs would. */
export function withAddress(wanted: VolumeMount, address: string): VolumeMount {
  const { server = '', data, device } = wanted;
  return data.includes(`addr=${server}`)
    ? { ...wanted, data: data.replace(`addr=${server}`, `addr=${address}`) }
    : { ...wanted, device: device.replace(server, address) };
}

/** As Docker words it, with a password left out. */
export function mountAttempt({ device, flags, data }: VolumeMount, target: string): string {
  const shownData = data.replace(/(^|,)password=[^,]*/, '$1password=********');
  const shownFlags = flags === 0 ? '' : `, flags: 0x${flags.toString(16)}`;
  return `mount ${device}:${target}${shownFlags}${data === '' ? '' : `, data: ${shownData}`}`;
}
