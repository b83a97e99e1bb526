/**
 * What a network driver does. Built in: bridge, macvlan, ipvlan (they plug interfaces), host and null (they do not); plugins
 * bring others through `NetworkPlugins`.
 *
 *   network    define ─► createNetwork ─► (restoreNetwork at each start of the daemon) ─► removeNetwork
 *   endpoint   routes ─► prepareEndpoint ─► plugIn ─► … ─► releaseEndpoint
 *
 * 1. Names, labels, scopes, subnets and addresses are the service's. A driver gets a finished record.
 * 2. `plugIn` is synchronous, so that a sandbox in the kernel is not begun or complete whenever the event loop runs on. What has
 *    to be asked of somebody else is asked before, in `prepareEndpoint`, and goes into the endpoint's record.
 * 3. Everything that undoes may be called for what was never done, or twice.
 */
import type { EndpointRecord, EndpointRoutes, NetworkRecord } from './network-store.ts';

/** A container's end of a network, with the network. */
export interface Attachment {
  readonly record: NetworkRecord;
  readonly endpoint: EndpointRecord;
}

export interface SandboxPlace {
  readonly sandboxId: string;
  readonly containerId: string;
  /** File of the network namespace; it may not be there yet. */
  readonly netnsPath: string;
  readonly signal: AbortSignal;
}

export interface NetworkDriver {
  readonly name: string;
  /** What `Scope` of the network says. */
  readonly scope: 'local' | 'global';
  /** 'interfaces': endpoints have one in a namespace; 'host' and 'null' have none. */
  readonly kind: 'interfaces' | 'host' | 'null';
  /** Published ports of an endpoint here are translated to it by rules of the host. */
  readonly publishesPorts: boolean;
  /** False: the driver picks no MAC address and takes none (ipvlan shares its parent's). */
  readonly ownMac: boolean;
  /** The network needs no address of its own in its subnets of this family. */
  skipsGateway(draft: NetworkRecord, family: 'ipv4' | 'ipv6'): boolean;
  /** Checks the options of a new network that has no pools yet. @throws WharfError 'network.config-invalid' */
  checkOptions(draft: NetworkRecord): void;
  /**
   * Checks the pools of a new network and fills in what follows from them (bridge name, parent). `others` are the
   * networks there are. Makes nothing. @throws WharfError 'network.config-invalid'
   */
  define(draft: NetworkRecord, others: readonly NetworkRecord[]): NetworkRecord;
  /** @throws WharfError; then nothing of it is left */
  createNetwork(record: NetworkRecord, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Brings a stored network up again; it may be there. @throws WharfError */
  restoreNetwork(record: NetworkRecord): Promise<void>;
  removeNetwork(record: NetworkRecord): Promise<void>;
  /** Where a new endpoint leads; stored with it. Pure: plugins say `noRoutes` and tell in `prepareEndpoint`. */
  routes(attachment: Attachment): EndpointRoutes;
  /**
   * What must be asked before the endpoint is stored and plugged in. The answer replaces the record: addresses, `mac`, `routes`,
   * `sourceInterface` and `interfaceName` may differ. @throws WharfError
   */
  prepareEndpoint?(attachment: Attachment, place: SandboxPlace): Promise<EndpointRecord>;
  /**
   * Puts the endpoint's interface into the namespace, down, under `endpoint.interfaceName` and with `endpoint.mac`. Addresses,
   * sysctls and routes follow from elsewhere. @throws WharfError | NetlinkError
   */
  plugIn(attachment: Attachment, netnsPath: string): void;
  /** After the interface went away with its namespace, or was deleted. */
  releaseEndpoint?(attachment: Attachment): Promise<void>;
}

/** Address management of a plugin. Pools and addresses are texts `address/prefix`. */
export interface IpamDriver {
  readonly name: string;
  /** @throws WharfError */
  requestPool(
    request: PoolRequest,
  ): Promise<{ readonly poolId: string; readonly pool: string; readonly gateway: string }>;
  releasePool(poolId: string): Promise<void>;
  /** `wanted` is '' for any; `gateway` asks for the network's own address. @throws WharfError */
  requestAddress(request: AddressRequest): Promise<string>;
  releaseAddress(poolId: string, address: string): Promise<void>;
}

export interface PoolRequest {
  readonly family: 'ipv4' | 'ipv6';
  readonly pool: string;
  readonly subPool: string;
  readonly options: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface AddressRequest {
  readonly poolId: string;
  readonly wanted: string;
  readonly purpose: 'endpoint' | 'gateway';
  readonly mac: string;
  readonly signal: AbortSignal;
}

/** Drivers of plugins, found and activated by name; handed to `createNetworkService` by main.ts. */
export interface NetworkPlugins {
  /** @returns undefined when no plugin of this name drives networks */
  networkDriver(name: string, options: { readonly signal: AbortSignal }): Promise<NetworkDriver | undefined>;
  ipamDriver(name: string, options: { readonly signal: AbortSignal }): Promise<IpamDriver | undefined>;
}
