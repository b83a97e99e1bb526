/** The network service: the seam's methods over registry, drivers, sandboxes, ports and names. See network-service.ts. */
import type { DatabaseSync } from 'node:sqlite';
import type {
  EndpointSettings,
  NetworkContainer,
  NetworkCreateRequest,
  PortHolder,
} from '../../contract/engine-types.ts';
import { isWharfError, raise, WharfError } from '../../contract/errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import { bootId } from '../linux/boot-id.ts';
import { BridgeDriver } from './bridge-driver.ts';
import { ChildLinkDriver } from './child-link-driver.ts';
import { createNetwork, releasePools } from './create-network.ts';
import { defaultBridgeRecord } from './default-bridge.ts';
import { createDnsForwarder } from './dns-forwarder.ts';
import { DnsNames } from './dns-names.ts';
import { checkEndpoint, dnsNamesOf } from './endpoint-plan.ts';
import { Firewall } from './firewall.ts';
import { ipvlan } from './ipvlan-driver.ts';
import { KernelSockets } from './kernel-sockets.ts';
import { KernelWatch } from './kernel-watch.ts';
import { macvlan } from './macvlan-driver.ts';
import { NetworkAddresses } from './network-addresses.ts';
import { type NetworkDefaults, networkDefaults } from './network-defaults.ts';
import type { NetworkPlugins } from './network-driver.ts';
import { NetworkDrivers } from './network-drivers.ts';
import { NetworkRegistry } from './network-registry.ts';
import type { NamedContainer, NetworkService } from './network-service.ts';
import { type NetworkRecord, NetworkStore, type SandboxRecord } from './network-store.ts';
import {
  checkFilters,
  type Filters,
  matchesList,
  matchesPrune,
  networkContainer,
  networkView,
} from './network-view.ts';
import { plainDriver } from './plain-drivers.ts';
import type { PortQuery } from './port-holder.ts';
import type { HostSocketSource } from './port-proxy.ts';
import { PortPublisher } from './port-publisher.ts';
import { wantedPorts } from './port-spec.ts';
import { reconcileNetworks } from './reconcile-networks.ts';
import { repairBridges } from './repair-bridges.ts';
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
  /** What the daemon's flags say. */
  readonly defaults?: NetworkDefaults;
  /** Drivers that plugins bring. */
  readonly plugins?: NetworkPlugins | undefined;
  /** Resolvers of names that no container has; for tests. 53 unless told. */
  readonly upstreamDnsPort?: number;
  /** Of an ordinary user's engine: who listens on published ports for it. */
  readonly hostSockets?: HostSocketSource | undefined;
}

export interface WharfNetworkService extends NetworkService {
  /** Listening ports of the host and who holds them, for the route PortHolders. */
  portHolders(query: PortQuery): readonly PortHolder[];
}

/** @throws WharfError 'network.config-invalid' when the daemon's flags can't be honoured */
export function createNetworkService(options: NetworkServiceOptions): WharfNetworkService {
  const { db, execRoot, instance, events, log, defaults = networkDefaults } = options;
  const warn = (message: string) => log.warn(message);
  const store = new NetworkStore(db, warn);
  const firewall = new Firewall(instance, { enabled: defaults.iptables, ipv6: defaults.ip6tables });
  const sockets = new KernelSockets();
  const networks = () => registry.all();
  const drivers = new NetworkDrivers(
    [
      new BridgeDriver({ sockets, firewall, defaults }),
      new ChildLinkDriver(macvlan, { sockets, networks }),
      new ChildLinkDriver(ipvlan, { sockets, networks }),
      plainDriver('host'),
      plainDriver('null'),
    ],
    options.plugins,
  );
  const kernel = new SandboxKernel({ execRoot, sockets, drivers });
  const ownName = instance === '' ? 'wharf0' : `wharf-${instance}`;
  const registry: NetworkRegistry = new NetworkRegistry(store, {
    defaults,
    defaultBridge: (record, others) =>
      defaultBridgeRecord(record, others, { defaults, netlink: sockets.host, ownName, bootId: bootId() }),
  });
  const addresses = new NetworkAddresses(drivers);
  const publisher = new PortPublisher({
    firewall,
    onError: (error) => warn(`network: published port: ${error.message}`),
    forgetUdpFlows: (address) => kernel.forgetUdpFlows(address),
    hostSockets: options.hostSockets,
    userlandProxy: defaults.userlandProxy,
    allowDirectRouting: defaults.allowDirectRouting,
  });
  const forwarder = createDnsForwarder(options.upstreamDnsPort === undefined ? {} : { port: options.upstreamDnsPort });
  const names = new DnsNames();
  const base = { store, registry, addresses, drivers, defaults, kernel, publisher };
  const sandboxes = new Sandboxes({ ...base, names, forwarder, events, warn });
  const repairRules = () => {
    if (firewall.repair()) warn('network: somebody removed the rules of the firewall; they are back');
  };
  const repairLinks = () => repairBridges({ sockets, drivers, registry, sandboxes, warn });
  const watches = [
    new KernelWatch({ what: 'rules', look: repairRules, warn }),
    new KernelWatch({ what: 'links', look: repairLinks, warn }),
  ];
  return new KernelNetworkService({ ...base, firewall, watches, sockets, sandboxes, events, warn });
}

interface Parts {
  readonly firewall: Firewall;
  readonly watches: readonly KernelWatch[];
  readonly sockets: KernelSockets;
  readonly kernel: SandboxKernel;
  readonly defaults: NetworkDefaults;
  readonly drivers: NetworkDrivers;
  readonly addresses: NetworkAddresses;
  readonly registry: NetworkRegistry;
  readonly publisher: PortPublisher;
  readonly sandboxes: Sandboxes;
  readonly events: EventBus;
  readonly warn: (message: string) => void;
}

/** Nothing that is asked of plugins for a network is given up half-way. */
const unhurried = new AbortController().signal;

class KernelNetworkService implements WharfNetworkService {
  readonly #p: Parts;

  constructor(parts: Parts) {
    this.#p = parts;
  }

  async create(request: NetworkCreateRequest): Promise<{ readonly id: string; readonly warning: string }> {
    const record = await createNetwork(this.#p, request, unhurried);
    this.#announce('create', record);
    return { id: record.id, warning: '' };
  }

  list(filters: Filters, options: { readonly containers?: boolean } = {}) {
    const { registry } = this.#p;
    checkFilters(filters, 'list');
    return registry
      .all()
      .filter((record) => !record.removing && matchesList(record, filters, this.#users(record).length > 0))
      .map((record) => networkView(record, options.containers === true ? this.#containers(record) : {}));
  }

  inspect(nameOrId: string, options: { readonly scope?: string | undefined } = {}) {
    const record = this.#p.registry.find(nameOrId);
    const { scope = '' } = options;
    if (scope !== '' && scope !== record.scope) {
      throw new WharfError('network.not-found', `network ${nameOrId} not found`);
    }
    return networkView(record, this.#containers(record));
  }

  #containers(record: NetworkRecord): Readonly<Record<string, NetworkContainer>> {
    const containers: Record<string, NetworkContainer> = {};
    for (const sandbox of this.#users(record)) {
      const endpoint = sandbox.endpoints.find((candidate) => candidate.networkId === record.id);
      if (endpoint !== undefined) containers[sandbox.containerId] = networkContainer(record, sandbox, endpoint);
    }
    return containers;
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
    const { registry, drivers, addresses } = this.#p;
    if (!record.configOnly) {
      registry.save({ ...record, removing: true });
      const driver = await drivers.load(record.driver, { signal: unhurried });
      await driver.removeNetwork(record);
      await releasePools(drivers, record);
    }
    registry.delete(record.id);
    addresses.forget(record.id);
    this.#announce('destroy', record);
  }

  async prune(filters: Filters) {
    const nowMs = Date.now();
    checkFilters(filters, 'prune');
    const unused = this.#p.registry
      .all()
      .filter((record) => !record.builtin && matchesPrune(record, filters, nowMs) && this.#users(record).length === 0);
    for (const record of unused) await this.#remove(record);
    this.#p.events.publish('network', 'prune', '', { reclaimed: '0' });
    return { NetworksDeleted: unused.length === 0 ? null : unused.map((record) => record.name) };
  }

  validate(request: Parameters<NetworkService['validate']>[0]): void {
    const { registry, sandboxes } = this.#p;
    for (const [name, settings] of Object.entries(request.endpoints)) {
      const record = registry.get(name) ?? registry.byName(name === 'default' ? 'bridge' : name);
      if (record === undefined || record.driver === 'host' || record.driver === 'null') continue;
      try {
        this.checkConnect(record.id, settings);
      } catch (error) {
        if (!isWharfError(error, 'network.config-invalid')) throw error;
        const message = `invalid config for network ${name}: ${error.message}`;
        throw new WharfError('network.config-invalid', message, { cause: error });
      }
    }
    // Which networks go together, and whether they are there, is found out at start, as in Docker.
    if (request.networkMode.startsWith('container:')) sandboxes.plan(request);
    else wantedPorts(request);
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

  checkConnect(network: string, settings: EndpointSettings): void {
    checkEndpoint(this.#p.registry.find(network), settings, { driver: (name) => this.#p.drivers.known(name) });
  }

  idleEndpoint(network: string, container: NamedContainer, settings: EndpointSettings): EndpointSettings {
    const record = this.#p.registry.get(network) ?? this.#p.registry.byName(network);
    if (record === undefined) return {};
    const kind = this.#p.drivers.get(record.driver)?.kind;
    const names = kind === 'interfaces' ? dnsNamesOf(container, record, settings.Aliases ?? []) : [];
    return { NetworkID: record.id, DNSNames: names.length === 0 ? null : names };
  }

  async connect(network: string, containerId: string, settings: EndpointSettings): Promise<void> {
    const record = this.#p.registry.find(network);
    this.checkConnect(network, settings);
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

  async reconcile(running: Parameters<NetworkService['reconcile']>[0]): Promise<void> {
    await reconcileNetworks(this.#p, running);
    for (const watch of this.#p.watches) watch.start();
  }

  portHolders(query: PortQuery): readonly PortHolder[] {
    return this.#p.publisher.holders(query);
  }

  async close(options: { readonly removeAll: boolean }): Promise<void> {
    const { sandboxes, publisher, sockets, watches, firewall } = this.#p;
    for (const watch of watches) watch[Symbol.dispose]();
    // Without a container that needs them, bridges and rules would only be left behind; the next start makes them in a moment.
    if (options.removeAll || sandboxes.all().length === 0) await this.#removeAll();
    sandboxes.letGo();
    publisher.closeSockets();
    sockets[Symbol.dispose]();
    firewall[Symbol.dispose]();
  }

  async #removeAll(): Promise<void> {
    const { sandboxes, registry, kernel, firewall, drivers } = this.#p;
    const pairs = sandboxes.all().flatMap((sandbox) => sandbox.endpoints.map((endpoint) => endpoint.hostInterface));
    for (const sandbox of sandboxes.all()) await sandboxes.close(sandbox.containerId);
    const bridges = registry.all().filter((record) => record.driver === 'bridge' && !record.foreignLink);
    const known = pairs.filter((name) => name !== '');
    for (const pair of [...known, ...kernel.strayPairs(bridges, new Set(known))]) await kernel.deleteLink(pair);
    // Networks of plugins stay: they are made once, and not anew at each start.
    for (const record of registry.all().filter((candidate) => candidate.bridge !== '' && !candidate.configOnly)) {
      await drivers.get(record.driver)?.removeNetwork(record);
    }
    firewall.remove();
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
