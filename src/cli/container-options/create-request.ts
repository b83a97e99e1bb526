import type { ContainerConfig, ContainerCreateRequest, HealthConfig, HostConfig } from '../../contract/engine-types.ts';
import type { FlagValues } from '../command.ts';
import type { TerminalSize } from '../terminal/terminal.ts';
import { capabilityChanges } from './capabilities.ts';
import type { containerFlags } from './container-flags.ts';
import { parseDeviceCgroupRule, parseDnsServer, parseExtraHost, parseMacAddress } from './host-values.ts';
import { readEnvironment, readLabels, toMap, toStrictMap } from './key-values.ts';
import { parseMount, parseTmpfs, parseVolumes } from './mounts.ts';
import { parseNetworks } from './networks.ts';
import { optionError } from './option-error.ts';
import { parsePorts } from './ports.ts';
import {
  buildResources,
  parseDevice,
  parseRestartPolicy,
  parseUlimit,
  throttles,
  weights,
  withoutUndefined,
} from './resources.ts';
import { parseSecurityOptions } from './security.ts';

export type ContainerValues = FlagValues<typeof containerFlags>;

export interface CreateSource {
  readonly flags: ContainerValues;
  readonly given: ReadonlySet<string>;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the terminal the container will get. */
  readonly consoleSize?: TerminalSize | undefined;
}

/**
 * The body of ContainerCreate that a command line asks for.
 * @throws UsageError (125) in docker's words for values that mean nothing
 */
export function buildCreateRequest(source: CreateSource): ContainerCreateRequest {
  const { flags, given } = source;
  if (flags.gpus !== undefined)
    throw optionError('GPU devices are not supported', 'Leave --gpus out, or pass devices with --device.');
  if (flags.rm && flags.restart !== undefined && flags.restart !== 'no' && flags.restart !== '') {
    throw optionError('conflicting options: cannot specify both --restart and --rm');
  }
  const ports = parsePorts(flags.publish, flags.expose);
  const volumes = parseVolumes(flags.volume);
  const networks = parseNetworks({
    networks: [...flags.network, ...flags.net],
    aliases: [...flags['network-alias'], ...flags['net-alias']],
    links: flags.link,
    linkLocalIps: flags['link-local-ip'],
    ip: flags.ip,
    ip6: flags.ip6,
    macAddress: parseMacAddress(flags['mac-address']),
  });
  return {
    ...buildConfig(source, ports.exposed, volumes.volumes),
    HostConfig: withoutUndefined({
      ...buildHostConfig(flags, given),
      ...(volumes.binds.length > 0 ? { Binds: volumes.binds } : {}),
      PortBindings: ports.bindings,
      NetworkMode: networks.mode,
      ConsoleSize: source.consoleSize === undefined ? undefined : [source.consoleSize.rows, source.consoleSize.columns],
    }),
    NetworkingConfig: networks.config,
  };
}

function buildConfig(
  { flags, given, image, command, env }: CreateSource,
  exposed: Record<string, Record<string, never>>,
  volumes: Record<string, Record<string, never>>,
): ContainerConfig {
  const attach = attachedStreams(flags);
  return withoutUndefined({
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    User: flags.user,
    AttachStdin: attach.stdin,
    AttachStdout: attach.stdout,
    AttachStderr: attach.stderr,
    ExposedPorts: orUndefined(exposed),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && attach.stdin,
    Env: listOrUndefined(readEnvironment(flags['env-file'], flags.env, env)),
    Cmd: command.length > 0 ? command : undefined,
    Healthcheck: buildHealthcheck(flags),
    Image: image,
    Volumes: orUndefined(volumes),
    WorkingDir: flags.workdir,
    // An empty --entrypoint clears the image's own.
    Entrypoint: given.has('entrypoint') ? [flags.entrypoint ?? ''] : undefined,
    Labels: readLabels(flags['label-file'], flags.label),
    StopSignal: flags['stop-signal'],
    StopTimeout: flags['stop-timeout'],
  });
}

/** Streams the container is made with: those of -a, else output, and input with -i. */
export function attachedStreams(flags: Pick<ContainerValues, 'attach' | 'interactive'>): {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
} {
  const wanted = flags.attach.map((name) => name.toLowerCase());
  const bad = wanted.find((name) => !['stdin', 'stdout', 'stderr'].includes(name));
  if (bad !== undefined) {
    throw optionError(
      `invalid argument ${JSON.stringify(bad)} for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
    );
  }
  if (wanted.length === 0) return { stdin: flags.interactive, stdout: true, stderr: true };
  return { stdin: wanted.includes('stdin'), stdout: wanted.includes('stdout'), stderr: wanted.includes('stderr') };
}

function buildHostConfig(flags: ContainerValues, given: ReadonlySet<string>): HostConfig {
  const devices = flags.device.map(parseDevice);
  const capabilities = capabilityChanges(flags['cap-add'], flags['cap-drop']);
  return {
    ...buildResources(flags),
    AutoRemove: flags.rm,
    Annotations: orUndefined(toMap(flags.annotation)),
    BlkioDeviceReadBps: throttles(flags['device-read-bps'], 'bytes'),
    BlkioDeviceReadIOps: throttles(flags['device-read-iops'], 'operations'),
    BlkioDeviceWriteBps: throttles(flags['device-write-bps'], 'bytes'),
    BlkioDeviceWriteIOps: throttles(flags['device-write-iops'], 'operations'),
    BlkioWeightDevice: weights(flags['blkio-weight-device']),
    CapAdd: listOrUndefined(capabilities.add),
    CapDrop: listOrUndefined(capabilities.drop),
    CgroupParent: flags['cgroup-parent'],
    CgroupnsMode: flags.cgroupns,
    ContainerIDFile: flags.cidfile,
    DeviceCgroupRules: listOrUndefined(flags['device-cgroup-rule'].map(parseDeviceCgroupRule)),
    Devices: devices.length > 0 ? devices : undefined,
    Dns: listOrUndefined(flags.dns.map(parseDnsServer)),
    DnsOptions: listOrUndefined([...flags['dns-option'], ...flags['dns-opt']]),
    DnsSearch: listOrUndefined(flags['dns-search']),
    ExtraHosts: listOrUndefined(flags['add-host'].map(parseExtraHost)),
    GroupAdd: listOrUndefined(flags['group-add']),
    Init: given.has('init') ? flags.init : undefined,
    IpcMode: flags.ipc,
    Isolation: flags.isolation,
    Links: listOrUndefined(flags.link),
    LogConfig:
      flags['log-driver'] === undefined && flags['log-opt'].length === 0
        ? undefined
        : { Type: flags['log-driver'] ?? '', Config: toMap(flags['log-opt']) },
    MemorySwappiness: flags['memory-swappiness'],
    Mounts: flags.mount.length > 0 ? flags.mount.map(parseMount) : undefined,
    OomKillDisable: given.has('oom-kill-disable') ? flags['oom-kill-disable'] : undefined,
    OomScoreAdj: flags['oom-score-adj'],
    PidMode: flags.pid,
    Privileged: flags.privileged,
    PublishAllPorts: flags['publish-all'],
    ReadonlyRootfs: flags['read-only'],
    RestartPolicy: parseRestartPolicy(flags.restart ?? 'no'),
    Runtime: flags.runtime,
    ...parseSecurityOptions(flags['security-opt']),
    ShmSize: flags['shm-size'],
    StorageOpt: orUndefined(toStrictMap(flags['storage-opt'], 'storage-opt')),
    Sysctls: orUndefined(toStrictMap(flags.sysctl, 'sysctl')),
    Tmpfs: orUndefined(parseTmpfs(flags.tmpfs)),
    Ulimits: flags.ulimit.length > 0 ? flags.ulimit.map(parseUlimit) : undefined,
    UsernsMode: flags.userns,
    UTSMode: flags.uts,
    VolumeDriver: flags['volume-driver'],
    VolumesFrom: listOrUndefined(flags['volumes-from']),
  };
}

function buildHealthcheck(flags: ContainerValues): HealthConfig | undefined {
  const settings = withoutUndefined({
    Test: flags['health-cmd'] === undefined ? undefined : ['CMD-SHELL', flags['health-cmd']],
    Interval: nanoseconds(flags['health-interval'], 'health-interval'),
    Timeout: nanoseconds(flags['health-timeout'], 'health-timeout'),
    StartPeriod: nanoseconds(flags['health-start-period'], 'health-start-period'),
    StartInterval: nanoseconds(flags['health-start-interval'], 'health-start-interval'),
    Retries: notNegative(flags['health-retries'], 'health-retries'),
  });
  const isEmpty = Object.keys(settings).length === 0;
  if (flags['no-healthcheck']) {
    if (!isEmpty) throw optionError('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  return isEmpty ? undefined : settings;
}

function nanoseconds(ms: number | undefined, flag: string): number | undefined {
  const checked = notNegative(ms, flag);
  return checked === undefined ? undefined : Math.round(checked * 1e6);
}

function notNegative(value: number | undefined, flag: string): number | undefined {
  if (value !== undefined && value < 0) throw optionError(`--${flag} cannot be negative`);
  return value;
}

function listOrUndefined(list: readonly string[]): readonly string[] | undefined {
  return list.length > 0 ? list : undefined;
}

function orUndefined<T extends object>(map: T): T | undefined {
  return Object.keys(map).length > 0 ? map : undefined;
}
