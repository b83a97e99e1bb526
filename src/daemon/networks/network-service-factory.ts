/** The network service: the seam's methods over registry, sandboxes, ports and names. See network-service.ts. */
import type { DatabaseSync } from 'node:sqlite';
import type {
  EndpointSettings,
  NetworkContainer,
  NetworkCreateRequest,
  PortHolder,
} from '../../contract/engine-types.ts';
import { raise, WharfError } from '../../contract/errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import { createDnsForwarder } from './dns-forwarder.ts';
import { DnsNames } from './dns-names.ts';
import { checkEndpoint, planSandbox } from './endpoint-plan.ts';
import { Firewall } from './firewall.ts';
import { defineNetwork } from './network-definition.ts';
import { NetworkRegistry } from './network-registry.ts';
import type { NetworkService } from './network-service.ts';
import { type NetworkRecord, NetworkStore, type SandboxRecord } from './network-store.ts';
import { type Filters, matchesList, matchesPrune, networkContainer, networkView } from './network-view.ts';
import type { PortQuery } from './port-holder.ts';
import type { HostSocketSource } from './port-proxy.ts';
import { PortPublisher } from './port-publisher.ts';
import { reconcileNetworks } from './reconcile-networks.ts';
import { connectSandbox, disconnectSandbox } from './sandbox-connect.ts';
import { SandboxKernel } from './sandbox-kernel.ts';
import { renamedRecord } from './sandbox-record.ts';
import { Sandboxes } from './sandboxes.ts';

export interface NetworkServiceOptions {
  readonly db: DatabaseSync;
  /** Namespaces are kept in <execRoot>/netns. */
  readonly execRoot: string;
  /** '' for the default daemon; else what tells its bridge and nftables table from those of others. */
  readonly instance: string;
  readonly events: EventBus;
  readonly log: { warn(message: string): void };
  /** Resolvers of names that no container has; for tests. 53 unless told. */
  readonly upstreamDnsPort?: number;
  /** Of an ordinary user's engine: who listens on published ports for it. */
  readonly hostSockets?: HostSocketSource | undefined;
}

export interface WharfNetworkService extends NetworkService {
  /** Listening ports of the host and who holds them, for the route PortHolders. */
  portHolders(query: PortQuery): readonly PortHolder[];
}

export function createNetworkService(options: NetworkServiceOptions): WharfNetworkService {
  const { db, execRoot, instance, events, log } = options;
  const warn = (message: string) => log.warn(message);
  const store = new NetworkStore(db, warn);
  const firewall = new Firewall(instance);
  const kernel = new SandboxKernel({ execRoot, firewall });
  const registry = new NetworkRegistry(store, {
    bridgeName: instance === '' ? 'wharf0' : `wharf-${instance}`,
    hostSubnets: () => kernel.hostSubnets(),
  });
  const publisher = new PortPublisher({
    firewall,
    onError: (error) => warn(`network: published port: ${error.message}`),
    forgetUdpFlows: (address) => kernel.forgetUdpFlows(address),
    hostSockets: options.hostSockets,
  });
  const forwarder = createDnsForwarder(options.upstreamDnsPort === undefined ? {} : { port: options.upstreamDnsPort });
  const sandboxes = new Sandboxes({
    store,
    registry,
    kernel,
    publisher,
    names: new DnsNames(),
    forwarder,
    events,
    warn,
  });
  return new KernelNetworkService({ firewall, kernel, registry, publisher, sandboxes, events, warn });
}

interface Parts {
  readonly firewall: Firewall;
  readonly kernel: SandboxKernel;
  readonly registry: NetworkRegistry;
  readonly publisher: PortPublisher;
  readonly sandboxes: Sandboxes;
  readonly events: EventBus;
  readonly warn: (message: string) => void;
}

class KernelNetworkService implements WharfNetworkService {
  readonly #p: Parts;

  constructor(parts: Parts) {
    this.#p = parts;
  }

  async create(request: NetworkCreateRequest): Promise<{ readonly id: string; readonly warning: string }> {
    const { registry, kernel } = this.#p;
    const surroundings = { networkSubnets: registry.subnets(), hostSubnets: kernel.hostSubnets() };
    if (registry.byName(request.Name)?.builtin === false) {
      throw new WharfError('network.name-taken', `network with name ${request.Name} already exists`);
    }
    const record = defineNetwork(request, surroundings);
    if (registry.all().some((other) => other.bridge === record.bridge)) {
      throw new WharfError(
        'network.config-invalid',
        `network ${registry.all().find((other) => other.bridge === record.bridge)?.id} already uses bridge ${record.bridge}`,
        { status: 403 },
      );
    }
    registry.save(record);
    try {
      kernel.ensureBridge(record);
    } catch (error) {
      await kernel.removeBridge(record);
      registry.delete(record.id);
      throw error;
    }
    this.#announce('create', record);
    return { id: record.id, warning: '' };
  }

  list(filters: Filters) {
    const { registry } = this.#p;
    return registry
      .all()
      .filter((record) => !record.removing && matchesList(record, filters, this.#users(record).length > 0))
      .map((record) => networkView(record, {}));
  }

  inspect(nameOrId: string) {
    const record = this.#p.registry.find(nameOrId);
    const containers: Record<string, NetworkContainer> = {};
    for (const sandbox of this.#users(record)) {
      const endpoint = sandbox.endpoints.find((candidate) => candidate.networkId === record.id);
      if (endpoint !== undefined) containers[sandbox.containerId] = networkContainer(record, sandbox, endpoint);
    }
    return networkView(record, containers);
  }

  async remove(nameOrId: string): Promise<void> {
    const record = this.#p.registry.find(nameOrId);
    if (record.builtin) {
      throw new WharfError('network.predefined', `${record.name} is a pre-defined network and cannot be removed`);
    }
    const users = this.#users(record);
    if (users.length > 0) {
      const list = users.map((user) => `name:"${user.containerName}" id:"${user.containerId.slice(0, 12)}"`).join(', ');
      throw new WharfError(
        'network.in-use',
        `error while removing network: network ${record.name} has active endpoints (${list})`,
      );
    }
    await this.#remove(record);
  }

  async #remove(record: NetworkRecord): Promise<void> {
    const { registry, kernel } = this.#p;
    registry.save({ ...record, removing: true });
    await kernel.removeBridge(record);
    registry.delete(record.id);
    this.#announce('destroy', record);
  }

  async prune(filters: Filters) {
    const nowMs = Date.now();
    const unused = this.#p.registry
      .all()
      .filter((record) => !record.builtin && matchesPrune(record, filters, nowMs) && this.#users(record).length === 0);
    for (const record of unused) await this.#remove(record);
    return { NetworksDeleted: unused.map((record) => record.name) };
  }

  validate(request: Parameters<NetworkService['validate']>[0]): void {
    planSandbox(request, (nameOrId) => this.#p.registry.find(nameOrId));
  }

  openSandbox(request: Parameters<NetworkService['openSandbox']>[0], options: { readonly signal: AbortSignal }) {
    return this.#p.sandboxes.open(request, options.signal);
  }

  closeSandbox(containerId: string): Promise<void> {
    return this.#p.sandboxes.close(containerId);
  }

  sandbox(containerId: string) {
    const record = this.#p.sandboxes.get(containerId);
    return record && this.#p.sandboxes.view(record);
  }

  async connect(network: string, containerId: string, settings: EndpointSettings): Promise<void> {
    const record = this.#p.registry.find(network);
    checkEndpoint(record, settings);
    await connectSandbox(this.#p, this.#sandboxOf(containerId), { record, settings });
  }

  async disconnect(network: string, containerId: string, options: { readonly force: boolean }): Promise<void> {
    const record = this.#p.registry.find(network);
    const sandbox = this.#p.sandboxes.byContainer(containerId);
    if (sandbox === undefined && options.force) return;
    await disconnectSandbox(this.#p, sandbox ?? raise(notRunning(containerId)), record);
  }

  renameContainer(containerId: string, name: string): void {
    const { sandboxes, publisher, registry } = this.#p;
    const sandbox = sandboxes.get(containerId);
    if (sandbox === undefined) return;
    const renamed = renamedRecord(sandbox, name, (id) => registry.get(id));
    sandboxes.save(renamed);
    sandboxes.names.announce(renamed);
    publisher.rename(containerId, name);
  }

  async stats(containerId: string) {
    return this.#p.sandboxes.counters(containerId);
  }

  reconcile(running: Parameters<NetworkService['reconcile']>[0]): Promise<void> {
    return reconcileNetworks(this.#p, running);
  }

  portHolders(query: PortQuery): readonly PortHolder[] {
    return this.#p.publisher.holders(query);
  }

  async close(options: { readonly removeAll: boolean }): Promise<void> {
    const { sandboxes, publisher, registry, kernel, firewall } = this.#p;
    // Without a container that needs them, bridges and rules would only be left behind; the next start makes them in a moment.
    if (options.removeAll || sandboxes.all().length === 0) {
      const pairs = sandboxes.all().flatMap((sandbox) => sandbox.endpoints.map((endpoint) => endpoint.hostInterface));
      for (const sandbox of sandboxes.all()) await sandboxes.close(sandbox.containerId);
      const bridges = registry.all().filter((record) => record.driver === 'bridge');
      const known = pairs.filter((name) => name !== '');
      for (const pair of [...known, ...kernel.strayPairs(bridges, new Set(known))]) await kernel.deleteLink(pair);
      for (const record of bridges) await kernel.removeBridge(record);
      firewall.remove();
    }
    sandboxes.letGo();
    publisher.closeSockets();
    kernel[Symbol.dispose]();
    firewall[Symbol.dispose]();
  }

  #users(record: NetworkRecord): SandboxRecord[] {
    return this.#p.sandboxes
      .all()
      .filter((sandbox) => sandbox.endpoints.some((endpoint) => endpoint.networkId === record.id));
  }

  #sandboxOf(containerId: string): SandboxRecord {
    return this.#p.sandboxes.byContainer(containerId) ?? raise(notRunning(containerId));
  }

  #announce(action: 'create' | 'destroy', record: NetworkRecord): void {
    this.#p.events.publish('network', action, record.id, { name: record.name, type: record.driver });
  }
}

function notRunning(containerId: string): WharfError {
  return new WharfError('container.not-running', `container ${containerId} is not running`);
}
