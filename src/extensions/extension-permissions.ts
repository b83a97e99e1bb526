import path from 'node:path';
import { WharfError } from '../contract/errors.ts';
import type { Permissions } from '../contract/host-schemas.ts';
import type { ServiceSpec } from './compose-file.ts';
import type { ExtensionManifest } from './extension-manifest.ts';

const engineSockets = ['/var/run/docker.sock', '/var/run/docker.sock.raw', '/run/docker.sock', '/run/wharf/wharf.sock'];

/** Whether a host path is a socket that gives the power of the engine. */
export function isEngineSocket(hostPath: string): boolean {
  return engineSockets.includes(path.posix.normalize(hostPath));
}

/** Everything an extension could do, from its manifest and its services. Sorted, so that two can be compared. */
export function derivePermissions(manifest: ExtensionManifest, services: readonly ServiceSpec[]): Permissions {
  const mounts = services.flatMap((service) => service.mounts);
  const binds = mounts.filter((mount) => mount.kind === 'bind');
  const isSocket = (source: string) => isEngineSocket(source) || source.endsWith('.sock');
  const modes = services.map((service) => service.networkMode ?? 'bridge');
  return {
    hostBinaries: unique(manifest.hostBinaries.map((file) => path.posix.basename(file))),
    // Any page of an extension may call ddClient.docker; Docker's manifest has no way to say that it will not.
    dockerCli: manifest.ui !== undefined,
    sockets: unique(binds.filter(({ source }) => isSocket(source)).map(({ source }) => source)),
    mounts: unique(
      binds
        .filter(({ source }) => !isSocket(source))
        .map(({ source, target, readOnly }) => `${source} -> ${target}${readOnly ? ' (read only)' : ''}`),
    ),
    volumes: unique(mounts.filter((mount) => mount.kind === 'volume').map(({ source }) => source)),
    ports: unique(
      services.flatMap((service) =>
        service.ports.map(({ hostIp, hostPort, containerPort, protocol }) => {
          const address = hostIp === '127.0.0.1' ? '' : `${hostIp}:`;
          return `${address}${hostPort ?? 'ephemeral'} -> ${containerPort}/${protocol}`;
        }),
      ),
    ),
    network: modes.includes('host') ? 'host' : modes.some((mode) => mode !== 'none') ? 'bridge' : 'none',
    privileged: services.some((service) => service.privileged),
    capabilities: unique(services.flatMap((service) => service.capAdd)),
  };
}

/**
 * What was shown to the user and agreed to must cover what the image asks for now.
 *
 * @throws WharfError 'auth.denied' that names what was not agreed to
 */
export function requireGranted(wanted: Permissions, granted: Permissions): void {
  const missing: string[] = [];
  for (const key of ['hostBinaries', 'sockets', 'mounts', 'volumes', 'ports', 'capabilities'] as const) {
    for (const item of wanted[key]) if (!granted[key].includes(item)) missing.push(`${key} ${item}`);
  }
  if (wanted.dockerCli && !granted.dockerCli) missing.push('docker commands');
  if (wanted.privileged && !granted.privileged) missing.push('privileged containers');
  const rank = { none: 0, bridge: 1, host: 2 };
  if (rank[wanted.network] > rank[granted.network]) missing.push(`network ${wanted.network}`);
  if (missing.length === 0) return;
  throw new WharfError('auth.denied', `the package asks for more than was agreed to: ${missing.join(', ')}`, {
    hint: 'Review its permissions again, then install.',
  });
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)].sort();
}
