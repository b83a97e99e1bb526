/** A managed plugin's config (`application/vnd.docker.plugin.v1+json`) as the API shows it, read from bytes that trust nothing. */
import { WharfError } from '../../contract/errors.ts';
import { parseValue } from '../../contract/parse.ts';
import {
  type Plugin,
  PluginConfig,
  type PluginConfig as PluginConfigType,
  type PluginMount,
  type PluginPrivilege,
  type PluginSettings,
} from '../../contract/types/plugins.ts';

export const pluginConfigType = 'application/vnd.docker.plugin.v1+json';
export const maxPluginConfigBytes = 1024 * 1024;

/** A stored plugin. */
export interface PluginRecord {
  readonly id: string;
  /** With its tag: `vendor/name:latest`. */
  readonly name: string;
  readonly reference: string;
  readonly enabled: boolean;
  /** Seconds a call may take, as `plugin enable --timeout` said; 0 for the usual. */
  readonly timeoutSeconds: number;
  readonly config: PluginConfigType;
  readonly settings: PluginSettings;
  /** Digests in the plugins' own content store. */
  readonly configDigest: string;
  readonly manifestDigest: string;
  readonly layers: readonly PluginLayer[];
}

export interface PluginLayer {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly chainId: string;
  readonly diffId: string;
}

/** @throws WharfError 'plugin.invalid' */
export function parsePluginConfig(bytes: Buffer): PluginConfigType {
  try {
    return withNulls(parseValue(PluginConfig, JSON.parse(bytes.toString('utf8'))));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('plugin.invalid', `failed to parse config: ${why}`, { cause, status: 500 });
  }
}

/** Every field Docker shows, with Go's zero for what the file left out. */
function withNulls(config: PluginConfigType): PluginConfigType {
  const { Args, Interface, Linux, Network } = config;
  return {
    ...config,
    Args: {
      Description: Args?.Description ?? '',
      Name: Args?.Name ?? '',
      Settable: Args?.Settable ?? null,
      Value: Args?.Value ?? null,
    },
    Description: config.Description ?? '',
    Documentation: config.Documentation ?? '',
    Entrypoint: config.Entrypoint ?? null,
    Env:
      config.Env?.map(({ Description = '', Name, Settable = null, Value = null }) => ({
        Description,
        Name,
        Settable,
        Value,
      })) ?? null,
    Interface: { ...Interface, Socket: Interface?.Socket ?? '', Types: Interface?.Types ?? null },
    IpcHost: config.IpcHost ?? false,
    Linux: {
      AllowAllDevices: Linux?.AllowAllDevices ?? false,
      Capabilities: Linux?.Capabilities ?? null,
      Devices:
        Linux?.Devices?.map(({ Description = '', Name = '', Path = null, Settable = null }) => ({
          Description,
          Name,
          Path,
          Settable,
        })) ?? null,
    },
    Mounts: config.Mounts?.map(wholeMount) ?? null,
    Network: { Type: Network?.Type ?? '' },
    PidHost: config.PidHost ?? false,
    PropagatedMount: config.PropagatedMount ?? '',
    User: config.User ?? {},
    WorkDir: config.WorkDir ?? '',
  };
}

function wholeMount(mount: PluginMount): PluginMount {
  const { Description = '', Destination = '', Name = '', Options = null, Settable = null, Source = null } = mount;
  return { Description, Destination, Name, Options, Settable, Source, Type: mount.Type ?? '' };
}

/** What a new plugin runs with: the config's own values. */
export function initialSettings(config: PluginConfigType): PluginSettings {
  const env = (config.Env ?? []).flatMap(({ Name, Value }) => (Value == null ? [] : [`${Name}=${Value}`]));
  return {
    Args: [...(config.Args?.Value ?? [])],
    Devices: [...(config.Linux?.Devices ?? [])],
    Env: env,
    Mounts: [...(config.Mounts ?? [])],
  };
}

export function pluginView({ id, name, reference, enabled, config, settings }: PluginRecord): Plugin {
  return {
    Config: config,
    Enabled: enabled,
    Id: id,
    Name: name,
    ...(reference === '' ? {} : { PluginReference: reference }),
    Settings: settings,
  };
}

/** What installing it must be agreed to, in Docker's words. */
export function privilegesOf(config: PluginConfigType): readonly PluginPrivilege[] {
  const { Network, Linux } = config;
  const found: PluginPrivilege[] = [];
  const ask = (Name: string, Description: string, Value: readonly string[]) => found.push({ Name, Description, Value });
  const network = Network?.Type ?? '';
  if (!['', 'null', 'bridge'].includes(network)) ask('network', 'permissions to access a network', [network]);
  if (config.IpcHost) ask('host ipc namespace', 'allow access to host ipc namespace', ['true']);
  if (config.PidHost) ask('host pid namespace', 'allow access to host pid namespace', ['true']);
  for (const { Source } of config.Mounts ?? []) if (Source != null) ask('mount', 'host path to mount', [Source]);
  for (const { Path } of Linux?.Devices ?? []) if (Path != null) ask('device', 'host device to access', [Path]);
  if (Linux?.AllowAllDevices) ask('allow-all-devices', "allow 'rwm' access to all devices", ['true']);
  if (Linux?.Capabilities?.length) {
    ask('capabilities', 'list of additional capabilities required', Linux.Capabilities);
  }
  return found;
}

/** @throws WharfError 'plugin.invalid' when what was agreed to is not what the plugin asks for */
export function checkPrivileges(config: PluginConfigType, granted: readonly PluginPrivilege[]): void {
  const text = (privileges: readonly PluginPrivilege[]) =>
    JSON.stringify(privileges.map(({ Name, Value }) => [Name, [...(Value ?? [])].sort()]).sort());
  if (text(privilegesOf(config)) === text(granted)) return;
  throw new WharfError('plugin.invalid', 'incorrect privileges', {
    status: 403,
    hint: 'Ask for the privileges first, and send back what is to be granted.',
  });
}

/** Whether it does what a handshake would call `VolumeDriver`, `NetworkDriver`, ... */
export function hasCapability(config: PluginConfigType, capability: string): boolean {
  return capabilitiesOf(config).includes(capability.toLowerCase());
}

/** `volumedriver` of `docker.volumedriver/1.0`. */
export function capabilitiesOf(config: PluginConfigType): readonly string[] {
  return (config.Interface?.Types ?? []).flatMap((type) => /^docker\.([a-z]+)\//.exec(type)?.[1] ?? []);
}
