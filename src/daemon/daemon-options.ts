/** From flags and the configuration file to what the daemon runs with. Pure but for reading that file. */
import { dirname, join, resolve } from 'node:path';
import type { FlagName } from './daemon-flags.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './logger.ts';
import type { NetworkDefaults } from './networks/network-defaults.ts';
import { configFilePath, mergeFile } from './options/config-file.ts';
import { type ContainerOptions, containerOptions } from './options/container-options.ts';
import { type ListenAddress, parseListenAddress } from './options/listen-address.ts';
import { networkOptions } from './options/network-options.ts';
import { parseFlags } from './options/parse-flags.ts';
import { type RootlessOptions, rootlessOptions, usualFolders } from './options/rootless-options.ts';
import { readerOf, refuse, refuseAbsent, refuseValue, type SettingReader } from './options/setting-reader.ts';
import { bytesOf, type Settings } from './options/setting-values.ts';

export type { ContainerOptions } from './options/container-options.ts';
export { type ListenAddress, parseListenAddress } from './options/listen-address.ts';

/** PEM files for TCP listeners. */
export interface ServerTls {
  /** Only clients with a certificate of `ca`'s authority. */
  readonly verify: boolean;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Proxies {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

export interface DaemonOptions {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly hosts: readonly ListenAddress[];
  readonly tls: ServerTls | undefined;
  readonly pidfile: string;
  /** undefined: `wharf` when there is such a group, else root's. */
  readonly group: string | undefined;
  /** undefined: the engine is the machine's root. */
  readonly rootless: RootlessOptions | undefined;
  readonly registryMirrors: readonly string[];
  readonly registryFallbacks: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  readonly maxDownloadAttempts: number;
  /** What one layer may hold; 0: the snapshotters' own. */
  readonly layerMaxBytes: number;
  readonly layerMaxEntries: number;
  /** The file of the trust policy; one that is required must be there. */
  readonly trustPolicy: { readonly path: string; readonly required: boolean };
  /** As the settings say; empty: the environment's. */
  readonly proxies: Proxies;
  /** Name of crun, runc or one of `containers.runtimes`; undefined: the best that works here. */
  readonly defaultRuntime: string | undefined;
  /** The same when it is crun or runc. */
  readonly runtime: 'crun' | 'runc' | undefined;
  readonly storageDriver: 'overlay' | 'copy' | undefined;
  readonly liveRestore: boolean;
  /** Negative: no limit. */
  readonly shutdownTimeoutSeconds: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** `--debug` or `--log-level debug`. */
  readonly debug: boolean;
  readonly experimental: boolean;
  readonly features: Readonly<Record<string, boolean>>;
  readonly labels: readonly string[];
  readonly authorizationPlugins: readonly string[];
  /** undefined: no metrics. */
  readonly metricsAddress: { readonly host: string; readonly port: number } | undefined;
  /** `user[:group]`, 'default'; undefined: containers have the host's user namespace. */
  readonly usernsRemap: string | undefined;
  readonly containers: ContainerOptions;
  readonly networks: NetworkDefaults;
  /** Settings that were taken although they do nothing any more. */
  readonly warnings: readonly string[];
}

export type DaemonCommand =
  | { readonly kind: 'run'; readonly options: DaemonOptions }
  | { readonly kind: 'validate' }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' };

/**
 * @param argv without the program's name
 * @throws WharfError 'request.invalid' for unknown flags, values that make no sense, and conflicts of flags with the file
 */
export function readDaemonCommand(argv: readonly string[]): DaemonCommand {
  const flags = parseFlags(argv);
  if (flags.get('help') === true) return { kind: 'help' };
  if (flags.get('version') === true) return { kind: 'version' };
  const options = daemonOptions(mergeFile(flags));
  return flags.get('validate') === true ? { kind: 'validate' } : { kind: 'run', options };
}

/** The configuration file that `argv` means, whether it is there or not. */
export function configFileOf(argv: readonly string[]): string {
  return configFilePath(parseFlags(argv));
}

function daemonOptions(settings: Settings): DaemonOptions {
  refuseAbsent(settings);
  const read = readerOf(settings);
  const rootless = rootlessOptions(read);
  const folders = usualFolders(settings);
  const execRoot = resolve(read.text('exec-root') ?? folders.execRoot);
  const tls = serverTls(read);
  const hosts = read.list('host').map((text) => parseListenAddress(text, tls !== undefined));
  const level = logLevel(read);
  const containers = containerOptions(read);
  const defaultRuntime = runtimeName(read.text('default-runtime'), containers);
  checkStorageOptions(read.list('storage-opt'));
  return {
    dataRoot: resolve(read.text('data-root') ?? folders.dataRoot),
    execRoot,
    hosts: hosts.length > 0 ? hosts : [{ kind: 'unix', path: `${execRoot}/wharf.sock` }],
    tls,
    pidfile: resolve(read.text('pidfile') ?? `${execRoot}/wharfd.pid`),
    // Root of a user's engine is the user, and its group the user's.
    group: rootless === undefined ? read.text('group') : '0',
    rootless,
    registryMirrors: read.list('registry-mirror').map(mirrorUrl),
    registryFallbacks: read.list('registry-fallback').map((url) => registryUrl('registry-fallback', url)),
    insecureRegistries: read.list('insecure-registry').map(insecureRegistry),
    maxConcurrentDownloads: positive(read, 'max-concurrent-downloads', 3),
    maxConcurrentUploads: positive(read, 'max-concurrent-uploads', 5),
    maxDownloadAttempts: positive(read, 'max-download-attempts', 5),
    layerMaxBytes: bytes(read, 'layer-max-size'),
    layerMaxEntries: positive(read, 'layer-max-entries', 0),
    trustPolicy: trustPolicy(read.text('trust-policy'), settings),
    proxies: {
      httpProxy: read.text('http-proxy') ?? '',
      httpsProxy: read.text('https-proxy') ?? '',
      noProxy: read.text('no-proxy') ?? '',
    },
    defaultRuntime,
    runtime: defaultRuntime === 'crun' || defaultRuntime === 'runc' ? defaultRuntime : undefined,
    storageDriver: storageDriver(read.text('storage-driver')),
    liveRestore: read.switch('live-restore', true),
    shutdownTimeoutSeconds: read.number('shutdown-timeout') ?? 15,
    logLevel: level,
    logFormat: logFormat(read.text('log-format')),
    debug: level === 'debug',
    experimental: read.switch('experimental', false),
    features: features(read),
    labels: labels(read.list('label')),
    authorizationPlugins: [...new Set(read.list('authorization-plugin'))],
    metricsAddress: metricsAddress(read.text('metrics-addr')),
    usernsRemap: read.text('userns-remap'),
    containers,
    networks: networkOptions(read),
    warnings: warnings(read),
  };
}

/** As dockerd: saying anything about `tlsverify` turns TLS on, and TLS verifies clients unless `tlsverify` says no. */
function serverTls(read: SettingReader): ServerTls | undefined {
  if (read.given('tlsverify') === undefined && !read.switch('tls', false)) return undefined;
  const verify = read.switch('tlsverify', true);
  const folder = process.env.WHARF_CERT_PATH || process.env.DOCKER_CERT_PATH || '/etc/wharf/tls';
  const path = (name: FlagName, file: string) => resolve(read.text(name) ?? join(folder, file));
  return { verify, ca: path('tlscacert', 'ca.pem'), cert: path('tlscert', 'cert.pem'), key: path('tlskey', 'key.pem') };
}

function logLevel(read: SettingReader): LogLevel {
  if (read.switch('debug', false)) return 'debug';
  const text = read.text('log-level')?.toLowerCase() ?? 'info';
  // Docker's two others: `trace` is finer than anything written here, `panic` coarser.
  const named = text === 'trace' ? 'debug' : text === 'panic' ? 'fatal' : text === 'warning' ? 'warn' : text;
  return (
    logLevels.find((level) => level === named) ??
    refuse(`invalid logging level: ${text}`, `One of ${logLevels.join(', ')}.`)
  );
}

function logFormat(text: string | undefined): LogFormat {
  if (text === undefined) return 'text';
  return logFormats.find((format) => format === text) ?? refuse(`invalid log format: ${text}`, 'One of text, json.');
}

function positive(read: SettingReader, name: FlagName, otherwise: number): number {
  const value = read.number(name) ?? 0;
  if (value < 0) refuse(`invalid ${name.replaceAll('-', ' ')}: ${value}`);
  return value === 0 ? otherwise : value;
}

function bytes(read: SettingReader, name: FlagName): number {
  const given = read.given(name);
  if (given === undefined) return 0;
  return bytesOf(given, (wanted) => refuseValue(name, String(given), wanted.replace('expected ', '')));
}

/** Beside the configuration file, unless another one is asked for. */
function trustPolicy(given: string | undefined, settings: Settings): DaemonOptions['trustPolicy'] {
  if (given !== undefined) return { path: resolve(given), required: true };
  return { path: join(dirname(usualFolders(settings).configFile), 'trust-policy.json'), required: false };
}

/** Docker's own name of its runtime is answered by the default one, as clients ask for it by habit. */
function runtimeName(text: string | undefined, { runtimes }: ContainerOptions): string | undefined {
  if (text === undefined || text === 'crun' || text === 'runc' || runtimes[text] !== undefined) return text;
  if (text === 'io.containerd.runc.v2') return 'runc';
  return refuse(
    `specified default runtime '${text}' does not exist`,
    `Known are crun, runc${Object.keys(runtimes)
      .map((name) => `, ${name}`)
      .join('')}.`,
  );
}

function storageDriver(text: string | undefined): DaemonOptions['storageDriver'] {
  switch (text) {
    case undefined:
      return undefined;
    case 'overlay':
    case 'overlay2':
    case 'overlayfs':
      return 'overlay';
    case 'copy':
    case 'vfs':
      return 'copy';
    default:
      return refuseValue('storage-driver', text, 'one of overlay, copy');
  }
}

/** overlay2's kernel check is one that dockerd takes and leaves; the others would change something here. */
function checkStorageOptions(options: readonly string[]): void {
  for (const option of options) {
    const [name = '', value] = option.split('=');
    if (value === undefined) refuse(`unable to parse storage-opt ${JSON.stringify(option)}: expected key=value`);
    if (!/^(overlay2?\.)?override_kernel_check$/.test(name))
      refuse(`storage-opt ${name} can not be honoured: the storage drivers of this engine have no such option`);
  }
}

function features(read: SettingReader): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    Object.entries(read.textMap('feature')).map(([name, value]) => {
      if (value !== 'true' && value !== 'false')
        return refuseValue('feature', `${name}=${value}`, 'name=true or name=false');
      if (name === 'containerd-snapshotter' && value === 'true') {
        return refuse(
          'feature containerd-snapshotter can not be honoured: Wharf runs containers itself, without containerd',
        );
      }
      return [name, value === 'true'];
    }),
  );
}

/** @throws WharfError 'request.invalid' for labels without a value, and for two values of one label */
function labels(given: readonly string[]): readonly string[] {
  const values = new Map<string, string>();
  for (const label of given) {
    const at = label.indexOf('=');
    if (at < 0) refuse(`bad attribute format: ${label}`);
    const name = label.slice(0, at);
    const value = label.slice(at + 1);
    const before = values.get(name);
    if (before !== undefined && before !== value) refuse(`conflict labels for ${name}=${value} and ${name}=${before}`);
    values.set(name, value);
  }
  return [...values].map(([name, value]) => `${name}=${value}`);
}

function metricsAddress(text: string | undefined): DaemonOptions['metricsAddress'] {
  if (text === undefined) return undefined;
  const [, host = '', port = ''] = /^(\[[0-9a-fA-F:.]+\]|[\w.-]*):(\d{1,5})$/.exec(text.replace(/^tcp:\/\//, '')) ?? [];
  if (port === '' || Number(port) > 65_535) return refuseValue('metrics-addr', text, 'address:port');
  return { host: (host || '0.0.0.0').replace(/^\[|\]$/g, ''), port: Number(port) };
}

function insecureRegistry(text: string): string {
  const name = text.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return /^[\w.:[\]-]+(\/\d{1,3})?$/.test(name)
    ? name
    : refuse(`insecure registry ${text} is not valid: invalid host ${JSON.stringify(text)}`);
}

function mirrorUrl(text: string): string {
  const scheme = /^([a-z]+):\/\//.exec(text)?.[1];
  if (scheme === undefined)
    refuse(`invalid mirror: no scheme specified for ${JSON.stringify(text)}: must use either 'https://' or 'http://'`);
  return registryUrl('registry-mirror', text);
}

function registryUrl(flag: FlagName, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  ) {
    return refuseValue(flag, text.replace(/\/\/[^/@]*@/, '//'), 'an http or https URL without user and query');
  }
  return text.replace(/\/+$/, '');
}

function warnings(read: SettingReader): readonly string[] {
  const found: string[] = [];
  if (read.list('allow-nondistributable-artifacts').length > 0)
    found.push(
      'allow-nondistributable-artifacts is deprecated and has no effect: such layers are pushed like all others.',
    );
  for (const name of Object.keys(features(read)).filter((feature) => feature !== 'buildkit')) {
    found.push(`The feature ${name} is not known here and has no effect.`);
  }
  return found;
}
