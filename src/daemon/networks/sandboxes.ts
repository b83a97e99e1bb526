/**
 * The sandboxes of running containers.
 *
 *   open:   addresses ─► record stored ─► namespace, pairs, resolver ─► ports ─► files ─► 'connect' events
 *   close:  ports, resolver ─► namespace let go ─► record deleted ─► addresses given back ─► 'disconnect' events
 *
 * 1. The record is stored before the first effect, so that a daemon that dies anywhere in between finds what to clean up.
 * 2. Addresses are in use from `open` to the end of `close`; nothing else hands them out.
 * 3. A failed `open` leaves nothing: it ends through the same path as `close`.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isWharfError, raise, WharfError } from '../../contract/errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { LinkCounters } from '../linux/netlink-links.ts';
import { type FilesSituation, rewriteContainerFiles, writeContainerFiles } from './container-files.ts';
import type { DnsForwarder } from './dns-forwarder.ts';
import type { DnsNames } from './dns-names.ts';
import { planSandbox, type SandboxPlan } from './endpoint-plan.ts';
import { Endpoints } from './endpoints.ts';
import type { NetworkAddresses } from './network-addresses.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import type { Attachment } from './network-driver.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import { poolsOf } from './network-pools.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { Sandbox, SandboxRequest } from './network-service.ts';
import type { NetworkRecord, NetworkStore, SandboxRecord } from './network-store.ts';
import { openSandbox } from './open-sandbox.ts';
import type { PortPublisher } from './port-publisher.ts';
import { republished } from './port-publisher.ts';
import type { WantedPort } from './port-spec.ts';
import { publishTarget, specific } from './publish-target.ts';
import type { SandboxKernel } from './sandbox-kernel.ts';
import { SandboxNames } from './sandbox-names.ts';
import { attachmentsOf } from './sandbox-record.ts';
import { sandboxView } from './sandbox-view.ts';

export interface SandboxesOptions {
  readonly store: NetworkStore;
  readonly registry: NetworkRegistry;
  readonly addresses: NetworkAddresses;
  readonly drivers: NetworkDrivers;
  readonly defaults: NetworkDefaults;
  readonly kernel: SandboxKernel;
  readonly publisher: PortPublisher;
  readonly names: DnsNames;
  readonly forwarder: DnsForwarder;
  readonly events: EventBus;
  readonly warn: (message: string) => void;
}

/** How long the kernel is given to take a namespace down by itself before its pairs are deleted by hand. */
const takedownMs = 1000;

export class Sandboxes {
  readonly #o: SandboxesOptions;
  readonly #records = new Map<string, SandboxRecord>();
  readonly #takedowns = new Set<NodeJS.Timeout>();

  readonly names: SandboxNames;
  readonly endpoints: Endpoints;

  constructor(options: SandboxesOptions) {
    this.#o = options;
    this.endpoints = new Endpoints(options);
    this.names = new SandboxNames({
      ...options,
      current: (containerId) => this.#records.get(containerId),
      attachments: (record) => this.attachments(record),
    });
    for (const record of options.store.sandboxes()) {
      this.#records.set(record.containerId, record);
      for (const { record: network, endpoint } of this.attachments(record)) {
        for (const address of [endpoint.ipv4, endpoint.ipv6]) options.addresses.claim(network, address);
      }
    }
  }

  all(): SandboxRecord[] {
    return [...this.#records.values()];
  }

  get(containerId: string): SandboxRecord | undefined {
    return this.#records.get(containerId);
  }

  save(record: SandboxRecord): void {
    this.#records.set(record.containerId, record);
    this.#o.store.saveSandbox(record);
  }

  attachments(record: SandboxRecord): Attachment[] {
    return attachmentsOf(record, this.#o.registry);
  }

  /** @throws WharfError 'port.in-use' | 'network.*' | 'kernel.*'; then nothing is left */
  async open(request: SandboxRequest, signal: AbortSignal): Promise<Sandbox> {
    signal.throwIfAborted();
    if (this.#records.has(request.containerId)) await this.close(request.containerId);
    const { kernel, defaults } = this.#o;
    return this.view(await openSandbox({ kernel, defaults, sandboxes: this }, request, signal));
  }

  /** @throws WharfError 'network.not-found' | 'network.config-invalid' */
  plan(request: SandboxRequest): SandboxPlan {
    const { registry, drivers } = this.#o;
    return planSandbox(request, {
      find: (nameOrId) => registry.find(nameOrId),
      driver: (name) => drivers.known(name),
      hasDefaultBridge: () => registry.byName('bridge') !== undefined,
    });
  }

  /** Publishes to the endpoints that lead outside; on internal networks only nothing is. */
  async publish(
    record: SandboxRecord,
    ports: readonly WantedPort[],
    signal: AbortSignal,
  ): Promise<SandboxRecord['ports']> {
    const target = publishTarget(this.attachments(record), this.#o.drivers);
    if (target === undefined || ports.length === 0) return [];
    for (const name of target.hostInterfaces) this.#o.kernel.allowHairpin(name);
    const { containerId, containerName } = record;
    const hostBinding = target.hostBinding || this.#o.defaults.publishAddress;
    const bound = ports.map((port) => ({ ...port, hostAddress: port.hostAddress || specific(hostBinding) }));
    return this.#o.publisher.publish({ ...target, containerId, containerName, ports: bound, signal });
  }

  async close(containerId: string): Promise<void> {
    const record = this.#records.get(containerId);
    if (record === undefined) return;
    await this.drop(record);
    for (const endpoint of record.endpoints) {
      const network = this.#o.registry.get(endpoint.networkId);
      if (network !== undefined) this.announce('disconnect', network, containerId);
    }
  }

  /** Everything of a sandbox but the events. Each step may be done already. */
  async drop(record: SandboxRecord): Promise<void> {
    const { containerId } = record;
    this.#unpublish(record);
    this.names.close(record);
    if (record.netnsPath !== '' && record.sharedWith === '') {
      this.#o.kernel.deleteNamespace(record.netnsPath);
      this.#checkTakedown(record.endpoints.map((endpoint) => endpoint.hostInterface).filter((name) => name !== ''));
    }
    this.#records.delete(containerId);
    this.#o.store.deleteSandbox(containerId);
    for (const endpoint of record.endpoints) await this.endpoints.release(endpoint);
  }

  /** Rules that can not be removed must not keep the rest of the sandbox. */
  #unpublish(record: SandboxRecord): void {
    try {
      this.#o.publisher.unpublish(record.containerId);
    } catch (error) {
      if (!isWharfError(error)) throw error;
      this.#o.warn(`network: ports of ${record.containerName}: ${error.message}`);
    }
  }

  /** A process that outlives its container would keep the namespace, and with it the address, on the bridge. */
  #checkTakedown(pairs: readonly string[]): void {
    if (pairs.length === 0) return;
    const timer = setTimeout(() => {
      this.#takedowns.delete(timer);
      for (const pair of pairs) {
        this.#o.kernel
          .deleteLink(pair)
          .catch((error: unknown) => this.#o.warn(`network: delete ${pair}: ${String(error)}`));
      }
    }, takedownMs);
    timer.unref();
    this.#takedowns.add(timer);
  }

  /** Takes over a running container's sandbox after a restart of the daemon. */
  async adopt(record: SandboxRecord, signal: AbortSignal): Promise<void> {
    if (record.netnsPath === '' || record.sharedWith !== '') return;
    if (!this.#o.kernel.revive(record.netnsPath, record.netnsInode)) {
      this.#o.warn(`network: the namespace of container ${record.containerName} is gone`);
      return;
    }
    this.names.ensure(record);
    this.names.announce(record);
    try {
      await this.publish(record, republished(record.ports), signal);
    } catch (error) {
      if (!isWharfError(error, 'port.in-use')) throw error;
      this.#o.warn(`network: ports of ${record.containerName} could not be taken over: ${error.message}`);
    }
  }

  /** After connect and disconnect. */
  rewriteFiles(record: SandboxRecord): void {
    rewriteContainerFiles(record, this.#filesSituation(record));
  }

  /** At the start of a container. */
  writeFiles(record: SandboxRecord): void {
    writeContainerFiles(record, this.#filesSituation(record));
  }

  #filesSituation(record: SandboxRecord): FilesSituation {
    return {
      isHost: record.netnsPath === '',
      ownResolver: this.names.needsResolver(record),
      hostGateways: this.#hostGateways(),
    };
  }

  #hostGateways(): readonly string[] {
    const given = this.#o.defaults.hostGateways;
    if (given.length > 0) return given;
    const bridge = this.#o.registry.byName('bridge');
    const pools = bridge === undefined ? [] : [poolsOf(bridge, 'ipv4')[0], poolsOf(bridge, 'ipv6')[0]];
    return pools.flatMap((pool) => (pool === undefined || pool.gateway === '' ? [] : [pool.gateway]));
  }

  view(record: SandboxRecord): Sandbox {
    return sandboxView(record, { ...this.#o, directory: this.#o.kernel.directory });
  }

  /** By ID, name, or unambiguous start of an ID. */
  byContainer(nameOrId: string): SandboxRecord | undefined {
    const name = nameOrId.replace(/^\//, '');
    const exact = this.#records.get(name) ?? this.all().find((record) => record.containerName === name);
    if (exact !== undefined || name === '') return exact;
    const matches = this.all().filter((record) => record.containerId.startsWith(name));
    return matches.length === 1 ? matches[0] : undefined;
  }

  counters(containerId: string): Readonly<Record<string, LinkCounters>> {
    const record = this.#records.get(containerId) ?? raise(noSandbox(containerId));
    return record.netnsPath === '' ? {} : this.#o.kernel.counters(record.netnsPath);
  }

  announce(action: 'connect' | 'disconnect', network: NetworkRecord, containerId: string): void {
    this.#o.events.publish('network', action, network.id, {
      container: containerId,
      name: network.name,
      type: network.driver,
    });
  }

  /** Namespace files that no record knows: left by a daemon that died between file and record. */
  removeStrayNamespaces(): void {
    const { kernel } = this.#o;
    const known = new Set(this.all().map((record) => record.netnsPath));
    mkdirSync(kernel.directory, { recursive: true, mode: 0o711 });
    for (const name of readdirSync(kernel.directory)) {
      const path = join(kernel.directory, name);
      if (!known.has(path)) kernel.deleteNamespace(path);
    }
  }

  /** Lets go of resolvers and timers; namespaces and records stay. */
  letGo(): void {
    for (const timer of this.#takedowns) clearTimeout(timer);
    this.#takedowns.clear();
    this.names.closeAll();
  }
}

function noSandbox(containerId: string): WharfError {
  return new WharfError('container.not-running', `container ${containerId} is not running`);
}
