/** `GET /version`. */
import { apiVersion, minApiVersion } from '../../contract/engine-routes.ts';
import type { SystemVersion } from '../../contract/engine-types.ts';
import { buildInfo } from './build-info.ts';
import type { SystemParts } from './system-service.ts';

export function systemVersion({ host, runtime, rootless, options }: SystemParts): SystemVersion {
  const { experimental, execRoot } = options();
  const engine = {
    Version: buildInfo.version,
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    GitCommit: buildInfo.commit,
    GoVersion: `node ${process.version}`,
    Os: 'linux',
    Arch: goArchitecture(),
    KernelVersion: host.kernelVersion,
    BuildTime: buildInfo.buildTime,
  };
  return {
    Platform: { Name: 'Wharf' },
    Components: [
      { Name: 'Engine', Version: engine.Version, Details: { ...engine, Experimental: String(experimental) } },
      { Name: runtime.name, Version: runtime.version, Details: { Path: runtime.path } },
      ...(rootless === undefined ? [] : [rootlessComponent(rootless.network, execRoot)]),
    ],
    ...engine,
    Experimental: experimental,
  };
}

/** Where dockerd names RootlessKit. */
function rootlessComponent(network: string, stateDir: string) {
  return {
    Name: 'rootless',
    Version: buildInfo.version,
    Details: { NetworkDriver: network, PortDriver: 'parent', StateDir: stateDir },
  };
}

/** Go's name of this machine's architecture, which Docker's clients compare with. */
function goArchitecture(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
  return names[process.arch] ?? process.arch;
}
