/** What the drivers macvlan and ipvlan share: endpoints are links of their own on top of a parent interface of the host. */
import { closeSync, openSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { type ChildKind, createChildLink } from '../linux/netlink-child-links.ts';
import { parseMac } from '../linux/netlink-ip-address.ts';
import { isNetlinkError } from '../linux/netlink-socket.ts';
import { bridgeOptions, parseBridgeSettings } from './bridge-options.ts';
import type { KernelSockets } from './kernel-sockets.ts';
import type { Attachment, NetworkDriver } from './network-driver.ts';
import { gatewayRoutes } from './network-pools.ts';
import { type EndpointRoutes, type NetworkRecord, noRoutes } from './network-store.ts';
import { dummyName, ensureParent, isForeignParent, releaseParent } from './parent-link.ts';

/** How the two differ. */
export interface ChildLinkKind {
  readonly name: 'macvlan' | 'ipvlan';
  readonly dummyPrefix: 'dm' | 'di';
  readonly ownMac: boolean;
  /** @throws WharfError 'network.config-invalid' */
  parse(options: Readonly<Record<string, string>>): ChildKind;
  /** Endpoints have a way out by the link, not by a gateway. */
  leadsByLink(options: Readonly<Record<string, string>>): boolean;
  /** Whether two networks may stand on one parent. @throws WharfError 'network.config-invalid' */
  checkShared(draft: NetworkRecord, other: NetworkRecord): void;
}

export interface ChildLinkDriverOptions {
  readonly sockets: KernelSockets;
  readonly networks: () => readonly NetworkRecord[];
}

export class ChildLinkDriver implements NetworkDriver {
  readonly scope = 'local';
  readonly kind = 'interfaces';
  readonly publishesPorts = false;
  readonly #kind: ChildLinkKind;
  readonly #o: ChildLinkDriverOptions;

  constructor(kind: ChildLinkKind, options: ChildLinkDriverOptions) {
    this.#kind = kind;
    this.#o = options;
  }

  get name(): string {
    return this.#kind.name;
  }

  get ownMac(): boolean {
    return this.#kind.ownMac;
  }

  checkOptions(draft: NetworkRecord): void {
    this.#kind.parse(draft.options);
    if (draft.options.parent === 'lo') {
      throw refused(`loopback interface is not a valid ${this.name} parent link`);
    }
  }

  skipsGateway(draft: NetworkRecord): boolean {
    return this.#isInternal(draft) || this.#kind.leadsByLink(draft.options);
  }

  /** Asked for, or because there is no parent. */
  #isInternal(record: NetworkRecord): boolean {
    return record.internal || (record.options.parent ?? '') === '';
  }

  define(draft: NetworkRecord, others: readonly NetworkRecord[]): NetworkRecord {
    const parent = draft.options.parent || dummyName(this.#kind.dummyPrefix, draft.id);
    for (const other of others) {
      if (other.driver === this.name && other.bridge === parent) this.#kind.checkShared(draft, other);
    }
    return { ...draft, bridge: parent, foreignLink: isForeignParent(this.#o.sockets.host, parent, others) };
  }

  async createNetwork(record: NetworkRecord): Promise<void> {
    ensureParent(this.#o.sockets.host, record.bridge);
  }

  async restoreNetwork(record: NetworkRecord): Promise<void> {
    ensureParent(this.#o.sockets.host, record.bridge);
  }

  removeNetwork(record: NetworkRecord): Promise<void> {
    return releaseParent(this.#o.sockets, record, this.#o.networks());
  }

  routes({ record, endpoint }: Attachment): EndpointRoutes {
    if (this.#isInternal(record)) return noRoutes;
    if (this.#kind.leadsByLink(record.options)) return { ...noRoutes, onLink: true };
    return gatewayRoutes(record, endpoint);
  }

  plugIn({ record, endpoint }: Attachment, netnsPath: string): void {
    const { host } = this.#o.sockets;
    const parent = ensureParent(host, record.bridge);
    const { mtu } = parseBridgeSettings({ [bridgeOptions.mtu]: record.options[bridgeOptions.mtu] ?? '0' });
    const netnsFd = openSync(netnsPath, 'r');
    try {
      createChildLink(host, {
        name: endpoint.interfaceName,
        parent: parent.index,
        type: this.#kind.parse(record.options),
        mac: this.ownMac ? parseMac(endpoint.mac) : undefined,
        netnsFd,
        ...(mtu === undefined ? {} : { mtu }),
      });
    } catch (error) {
      if (!isNetlinkError(error)) throw error;
      const why = error.errno === 'ENOTSUP' ? 'operation not supported' : error.message;
      throw new WharfError('kernel.failed', `failed to create the ${this.name} port: ${why}`, { cause: error });
    } finally {
      closeSync(netnsFd);
    }
  }
}

export function refused(message: string): WharfError {
  return new WharfError('network.config-invalid', message, { status: 500 });
}
