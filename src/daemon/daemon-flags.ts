/** wharfd's flags, as data: parsing, `--help` and the configuration file all read this one table. Named as dockerd's. */
export interface DaemonFlag {
  readonly kind: 'text' | 'list' | 'switch';
  readonly short?: string;
  /** Key in the configuration file; lists have their plural there, as in dockerd's daemon.json. Absent: a flag only. */
  readonly key?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

export const daemonFlags = {
  'config-file': {
    kind: 'text',
    value: 'PATH',
    help: 'Configuration file (default /etc/wharf/daemon.json, which may be missing)',
  },
  'data-root': {
    kind: 'text',
    key: 'data-root',
    value: 'PATH',
    help: 'Images, volumes and containers (default /var/lib/wharf)',
  },
  'exec-root': {
    kind: 'text',
    key: 'exec-root',
    value: 'PATH',
    help: 'State until the next boot (default /run/wharf)',
  },
  host: {
    kind: 'list',
    short: 'H',
    key: 'hosts',
    value: 'ADDRESS',
    help: 'Listen here: unix:///path or tcp://address:port; may be given more than once (default unix://EXEC-ROOT/wharf.sock)',
  },
  pidfile: {
    kind: 'text',
    short: 'p',
    key: 'pidfile',
    value: 'PATH',
    help: 'File for the process ID (default EXEC-ROOT/wharfd.pid)',
  },
  group: {
    kind: 'text',
    short: 'G',
    key: 'group',
    value: 'NAME',
    help: 'Group that may use the socket (default wharf, when there is one)',
  },
  'registry-mirror': { kind: 'list', key: 'registry-mirrors', value: 'URL', help: 'Asked before Docker Hub' },
  'registry-fallback': {
    kind: 'list',
    key: 'registry-fallbacks',
    value: 'URL',
    help: 'Asked when a registry can not be reached or does not know the image',
  },
  'insecure-registry': {
    kind: 'list',
    key: 'insecure-registries',
    value: 'HOST|CIDR',
    help: 'May speak plain HTTP or show an unknown certificate',
  },
  'default-runtime': {
    kind: 'text',
    key: 'default-runtime',
    value: 'NAME',
    help: 'crun or runc (default the best that works here)',
  },
  'storage-driver': {
    kind: 'text',
    short: 's',
    key: 'storage-driver',
    value: 'NAME',
    help: 'overlay or copy (default the best that works here)',
  },
  'live-restore': {
    kind: 'switch',
    key: 'live-restore',
    help: 'Containers go on while the daemon is away (default true)',
  },
  'log-level': {
    kind: 'text',
    short: 'l',
    key: 'log-level',
    value: 'LEVEL',
    help: 'debug, info, warn, error or fatal (default info)',
  },
  debug: { kind: 'switch', short: 'D', key: 'debug', help: 'Same as --log-level debug' },
  validate: { kind: 'switch', help: 'Check flags and configuration file, then end' },
  version: { kind: 'switch', short: 'v', help: 'Print the version, then end' },
  help: { kind: 'switch', short: 'h', help: 'Print this, then end' },
} as const satisfies Readonly<Record<string, DaemonFlag>>;

export type FlagName = keyof typeof daemonFlags;

export function daemonHelp(): string {
  const rows = Object.entries(daemonFlags).map(([name, flag]: [string, DaemonFlag]) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
    return { left: `  ${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, help: flag.help };
  });
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
  const lines = rows.map(({ left, help }) => `${left.padEnd(width)}${help}`);
  return [
    'Usage: wharfd [OPTIONS]',
    '',
    "The Wharf engine: runs containers, speaks Docker's Engine API.",
    '',
    'Options:',
    ...lines,
    '',
  ].join('\n');
}
