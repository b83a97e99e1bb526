/** What Docker gives every container unless told otherwise (moby: oci/defaults.go, oci/caps/defaults.go). */
import type { RuntimeMount } from './runtime.ts';

export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

export const defaultMaskedPaths: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

export const defaultShmSizeBytes = 64 * 1024 * 1024;

/** `shared`: a tmpfs the daemon has mounted at `path`, for several containers. */
export type SharedMemory =
  | { readonly kind: 'own' }
  | { readonly kind: 'host' }
  | { readonly kind: 'none' }
  | { readonly kind: 'shared'; readonly path: string };

export interface DefaultMountOptions {
  /** /proc as the daemon sees it, instead of a mount of its own. */
  readonly boundProc?: boolean;
  readonly privileged: boolean;
  readonly writableCgroups: boolean;
  readonly shm: SharedMemory;
  readonly shmSizeBytes: number;
}

/** Kernel file systems of a container, in the order they must be mounted. */
export function defaultMounts(options: DefaultMountOptions): readonly RuntimeMount[] {
  const access = options.privileged ? [] : ['ro'];
  const guarded = ['nosuid', 'noexec', 'nodev'];
  return [
    options.boundProc === true
      ? { destination: '/proc', type: 'bind', source: '/proc', options: ['rbind', ...guarded] }
      : { destination: '/proc', type: 'proc', source: 'proc', options: guarded },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...guarded, ...access] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [options.writableCgroups ? 'rw' : 'ro', ...guarded],
    },
    ...ipcMounts(options),
  ];
}

function ipcMounts({ shm, shmSizeBytes }: DefaultMountOptions): readonly RuntimeMount[] {
  const options = ['nosuid', 'noexec', 'nodev'];
  return [
    // A mount of this type shows the queues of the IPC namespace it is made in, the host's too; few hosts have it mounted.
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options },
    ...shmMounts(shm, shmSizeBytes),
  ];
}

function shmMounts(shm: SharedMemory, sizeBytes: number): readonly RuntimeMount[] {
  const destination = '/dev/shm';
  switch (shm.kind) {
    case 'none':
      return [];
    case 'host':
      return [{ destination, type: 'bind', source: '/dev/shm', options: ['rbind', 'rprivate'] }];
    case 'shared':
      return [{ destination, type: 'bind', source: shm.path, options: ['rbind', 'rprivate'] }];
    case 'own':
      return [{ destination, type: 'tmpfs', source: 'shm', options: shmOptions(sizeBytes) }];
  }
}

/** Mount options of a container's shared memory. */
export function shmOptions(sizeBytes: number): readonly string[] {
  return ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${sizeBytes}`];
}

/** One rule of the device control group. Absent numbers mean any. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type: 'a' | 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

/** Everything is denied but making nodes and using the harmless ones. */
export const defaultDeviceRules: readonly DeviceRule[] = [
  { allow: false, type: 'a', access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' }, // /dev/null
  { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm' }, // /dev/zero
  { allow: true, type: 'c', major: 1, minor: 7, access: 'rwm' }, // /dev/full
  { allow: true, type: 'c', major: 1, minor: 8, access: 'rwm' }, // /dev/random
  { allow: true, type: 'c', major: 1, minor: 9, access: 'rwm' }, // /dev/urandom
  { allow: true, type: 'c', major: 5, minor: 0, access: 'rwm' }, // /dev/tty
  { allow: true, type: 'c', major: 5, minor: 1, access: 'rwm' }, // /dev/console
  { allow: true, type: 'c', major: 5, minor: 2, access: 'rwm' }, // /dev/ptmx
  { allow: true, type: 'c', major: 10, minor: 200, access: 'rwm' }, // /dev/net/tun, which still has to be made
  { allow: true, type: 'c', major: 136, access: 'rwm' }, // /dev/pts/*
];
