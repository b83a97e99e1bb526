/**
 * What the rest of the daemon may ask of the networks. Implemented in this folder.
 *
 *   openSandbox(container) -> attach endpoints -> (running) -> closeSandbox(container)
 *
 * A sandbox is a network namespace of its own, kept by a file below the exec root, so that it lives as long as the container.
 */
import type {
  EndpointSettings,
  Network,
  NetworkCreateRequest,
  NetworkPruneResult,
  PortMap,
} from '../../contract/engine-types.ts';

/** What a container wants; persisted with the container. */
export interface SandboxRequest {
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
  readonly domainname: string;
  /** Docker's HostConfig.NetworkMode: 'default', 'bridge', 'host', 'none', 'container:<id>' or a network's name or ID. */
  readonly networkMode: string;
  /** NetworkingConfig.EndpointsConfig: by network name. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly portBindings: PortMap;
  readonly exposedPorts: readonly string[];
  readonly publishAllPorts: boolean;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  /** 'name:address'; address may be 'host-gateway'. */
  readonly extraHosts: readonly string[];
  /** Docker links 'container-id-or-name:alias' on the default bridge. */
  readonly links: readonly { readonly address: string; readonly names: readonly string[] }[];
  /** A namespace with loopback alone, whatever else is asked for. */
  readonly networkDisabled?: boolean;
  /** Namespaced net.* sysctls. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Directory to write resolv.conf, hosts and hostname files into; bind-mounted by the runtime spec. */
  readonly filesDir: string;
}

export interface NamedContainer {
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
}

export interface Sandbox {
  /** Path of the namespace for the runtime spec; undefined for host networking. */
  readonly netnsPath: string | undefined;
  /** NetworkSettings.Networks for inspect. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** NetworkSettings.Ports: what is really published. */
  readonly ports: PortMap;
  /** NetworkSettings.SandboxID and SandboxKey, as dockerd shows them: empty for one that uses another container's. */
  readonly sandboxId: string;
  readonly sandboxKey: string;
}

export interface NetworkService {
  create(request: NetworkCreateRequest): Promise<{ readonly id: string; readonly warning: string }>;
  /** @throws WharfError 'request.invalid' on filters Docker does not know */
  list(
    filters: ReadonlyMap<string, readonly string[]>,
    options?: { readonly containers?: boolean },
  ): readonly Network[];
  /** @throws WharfError 'network.not-found', also when it is of another scope than asked for */
  inspect(nameOrId: string, options?: { readonly scope?: string | undefined }): Network;
  remove(nameOrId: string): Promise<void>;
  prune(filters: ReadonlyMap<string, readonly string[]>): Promise<NetworkPruneResult>;
  /** Checks names, addresses and ports that can be checked at create time. @throws WharfError 'network.not-found' | 'network.config-invalid' */
  validate(request: SandboxRequest): void;
  /** @throws WharfError 'port.in-use' with the holder's process in the message; then nothing is left behind */
  openSandbox(request: SandboxRequest, options: { readonly signal: AbortSignal }): Promise<Sandbox>;
  /** Gives addresses and ports back, removes links, rules and the namespace. Unknown IDs are fine. */
  closeSandbox(containerId: string): Promise<void>;
  /** The sandbox of a running container; undefined when it has none. */
  sandbox(containerId: string): Sandbox | undefined;
  /** Checks the settings of an endpoint to come. @throws WharfError 'network.not-found' | 'network.config-invalid' */
  checkConnect(network: string, settings: EndpointSettings): void;
  /** What is known of a container's endpoint while it does not run: the network's ID, the container's names in it. */
  idleEndpoint(network: string, container: NamedContainer, settings: EndpointSettings): EndpointSettings;
  /** Connects or disconnects a running container, now. */
  connect(network: string, containerId: string, settings: EndpointSettings): Promise<void>;
  disconnect(network: string, containerId: string, options: { readonly force: boolean }): Promise<void>;
  renameContainer(containerId: string, name: string): void;
  /** Interface counters of a running container, by interface name, for docker stats. */
  stats(containerId: string): Promise<Readonly<Record<string, InterfaceStats>>>;
  /** After a restart: takes over the sandboxes of these running containers (ports, DNS), removes all others. */
  reconcile(running: readonly SandboxRequest[]): Promise<void>;
  /**
   * Lets go of sockets; with `removeAll`, and when no container runs, also removes bridges, rules and namespaces. What a running
   * container needs stays.
   */
  close(options: { readonly removeAll: boolean }): Promise<void>;
}

export interface InterfaceStats {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}
