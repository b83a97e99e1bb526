/** Everything the handlers may call. open-engine.ts fills it. */
import type { PortHolder, RegistryInfo, SystemInfo, SystemVersion } from '../../../contract/engine-types.ts';
import type { Platform } from '../../../oci/platform.ts';
import type { RegistryClient } from '../../../registry/client/registry-client.ts';
import type { ContainerService } from '../../containers/container-service.ts';
import type { Authorization } from '../../engine-plugins/authorization.ts';
import type { PluginService } from '../../engine-plugins/plugin-service.ts';
import type { EventBus } from '../../events/event-bus.ts';
import type { ImageService } from '../../images/image-service.ts';
import type { NetworkService } from '../../networks/network-service.ts';
import type { TrustService } from '../../trust/trust-service.ts';
import type { VolumeService } from '../../volumes/volume-service.ts';

/** What the engine says about itself. */
export interface SystemService {
  info(): Promise<SystemInfo>;
  version(): SystemVersion;
  /** Of the Builder-Version header: 2 is BuildKit. */
  builderVersion(): '1' | '2';
  /** In the order they are asked: Docker Hub's mirrors, Docker Hub, others, fallbacks. */
  registries(): readonly RegistryInfo[];
  portHolders(query: { readonly port?: number; readonly protocol?: 'tcp' | 'udp' }): Promise<readonly PortHolder[]>;
}

export interface EngineServices {
  readonly containers: ContainerService;
  readonly images: ImageService;
  readonly networks: NetworkService;
  readonly volumes: VolumeService;
  readonly plugins: PluginService;
  /** Plugins that are asked about each request. */
  readonly authorization?: Authorization;
  readonly registry: RegistryClient;
  /** Who signed what, and what the policy makes of it. */
  readonly trust: Pick<TrustService, 'inspect' | 'list' | 'policyView' | 'check'>;
  readonly events: EventBus;
  readonly system: SystemService;
  readonly hostPlatform: Platform;
}
