import { WharfError } from '../contract/errors.ts';
import type { Permissions } from '../contract/host-schemas.ts';

/** What a plugin's image asks for, from its labels. */
export interface PluginSpec {
  /** Container port of its page. */
  readonly port: number;
  /** Path of its page. */
  readonly path: string;
  readonly volumes: readonly { readonly volume: string; readonly path: string }[];
  /** `K=V`. */
  readonly environment: readonly string[];
  /** Wants the engine's socket at /var/run/docker.sock: all of the engine's power. */
  readonly wantsSocket: boolean;
  readonly permissions: Permissions;
}

const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** @throws WharfError 'extension.invalid' that names the label */
export function parsePluginSpec(labels: Readonly<Record<string, string>>): PluginSpec {
  const port = Number(labels['io.wharf.plugin.port']);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new WharfError('extension.invalid', 'the image is not a plugin: label io.wharf.plugin.port names no port');
  }
  const path = labels['io.wharf.plugin.path'] ?? '/';
  if (!/^\/[!-~]*$/.test(path)) throw new WharfError('extension.invalid', 'label io.wharf.plugin.path is not a path');
  const volumes = items(labels['io.wharf.plugin.volumes']).map((item) => {
    const [volume = '', target = ''] = item.split(':');
    if (!volumeName.test(volume) || !target.startsWith('/')) {
      throw new WharfError('extension.invalid', `label io.wharf.plugin.volumes: ${item} is not name:/path`);
    }
    return { volume, path: target };
  });
  const environment = items(labels['io.wharf.plugin.env']);
  if (environment.some((line) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(line))) {
    throw new WharfError('extension.invalid', 'label io.wharf.plugin.env: each item is NAME=value');
  }
  const wantsSocket = labels['io.wharf.plugin.socket'] === 'true';
  return {
    ...{ port, path, volumes, environment, wantsSocket },
    permissions: {
      hostBinaries: [],
      dockerCli: false,
      sockets: wantsSocket ? ['/var/run/docker.sock'] : [],
      mounts: [],
      volumes: volumes.map(({ volume }) => volume).sort(),
      ports: [`ephemeral -> ${port}/tcp`],
      network: 'bridge',
      privileged: false,
      capabilities: [],
    },
  };
}

function items(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
