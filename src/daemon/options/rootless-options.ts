/** What `--rootless` changes: where things are, and what an ordinary user's engine can not be asked for. */
import { type UserFolders, userFolders } from '../rootless/user-folders.ts';
import type { NetworkDriver } from '../rootless/user-network.ts';
import { refuse, refuseValue, type SettingReader } from './setting-reader.ts';
import type { Settings } from './setting-values.ts';

export interface RootlessOptions {
  /** undefined: pasta where it is installed, else slirp4netns. */
  readonly network: NetworkDriver | 'none' | undefined;
}

const systemFolders: UserFolders = {
  dataRoot: '/var/lib/wharf',
  execRoot: '/run/wharf',
  configFile: '/etc/wharf/daemon.json',
};

/** Where things are unless flags say otherwise. */
export function usualFolders(settings: Settings): UserFolders {
  return settings.get('rootless') === true ? userFolders(process.env) : systemFolders;
}

/** @throws WharfError 'request.invalid' for what needs the machine's root */
export function rootlessOptions(read: SettingReader): RootlessOptions | undefined {
  const network = read.text('rootless-network');
  if (!read.switch('rootless', false)) {
    if (network === undefined) return undefined;
    return refuse('--rootless-network needs --rootless', 'Root gives its containers the real network.');
  }
  if (read.text('group') !== undefined)
    refuse('--group can not go with --rootless', 'The socket belongs to the user who started the engine.');
  if (!read.switch('userland-proxy', true))
    refuse('--userland-proxy=false can not go with --rootless', 'Published ports are sockets that the proxy serves.');
  if (read.list('host').some((address) => address.startsWith('fd://')))
    refuse('--host fd:// can not go with --rootless', 'Give --host unix:///path, and start the service at log-in.');
  const drivers = ['pasta', 'slirp4netns', 'none'] as const;
  const driver = drivers.find((name) => name === network);
  if (network !== undefined && driver === undefined)
    refuseValue('rootless-network', network, `one of ${drivers.join(', ')}`);
  return { network: driver };
}
