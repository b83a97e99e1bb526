/** What the engine says about itself: `/info`, `/version`, its registries, and who holds the host's ports. */
import type { PortHolder, RegistryInfo } from '../../contract/engine-types.ts';
import type { ContainerCounts } from '../containers/container-service.ts';
import type { DaemonOptions } from '../daemon-options.ts';
import type { SystemService } from '../http/handlers/engine-services.ts';
import type { ResourceSupport } from '../runtime/resource-support.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { HostInfo } from './host-info.ts';
import { listRegistries } from './registry-list.ts';
import { systemInfo } from './system-info.ts';
import { systemVersion } from './system-version.ts';

export interface SystemParts {
  /** Of this data root, made once. */
  readonly engineId: string;
  /** Asked for at each use: a reload may have replaced them. */
  readonly options: () => DaemonOptions;
  readonly debug: () => boolean;
  readonly host: HostInfo;
  readonly runtime: Runtime['info'];
  /** Docker's name for it. */
  readonly storageDriver: string;
  readonly containers: { counts(): ContainerCounts };
  readonly countImages: () => Promise<number>;
  readonly countEventListeners: () => number;
  readonly portHolders: (query: { readonly port?: number; readonly protocol?: 'tcp' | 'udp' }) => readonly PortHolder[];
  /** Which limits this machine's kernel can keep. */
  readonly resources: ResourceSupport;
  readonly apparmor: boolean;
  /** Names of what volumes, networks and logs can be made with. */
  readonly drivers: Readonly<Record<'volume' | 'network' | 'log', () => readonly string[]>>;
  /** Of an ordinary user's engine: what carries its packets, and whether it has control groups. */
  readonly rootless?: { readonly network: string; readonly cgroups: 'delegated' | 'none' } | undefined;
}

export function createSystemService(parts: SystemParts): SystemService {
  return {
    info: () => systemInfo(parts),
    version: () => systemVersion(parts),
    // BuildKit is no part of this engine; its clients bring their own, unless the settings say that they need not ask.
    builderVersion: () => (parts.options().features.buildkit === true ? '2' : '1'),
    registries: (): readonly RegistryInfo[] => listRegistries(parts.options()),
    portHolders: async (query) => parts.portHolders(query),
  };
}
