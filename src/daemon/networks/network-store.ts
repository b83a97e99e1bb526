/** Networks and sandboxes on disk: two tables of JSON records in the daemon's database. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { PublishedPort } from './port-publisher.ts';
import type { WantedPort } from './port-spec.ts';

export interface NetworkPool {
  /** `address/prefix`. */
  readonly subnet: string;
  /** The network's own address in it; empty where the driver needs none. */
  readonly gateway: string;
  /** The request named the subnet: static addresses are allowed in it. */
  readonly userSubnet: boolean;
  /** The request named the gateway; else inspect does not show it beside a subnet of the user's. */
  readonly userGateway: boolean;
  readonly range?: string;
  readonly auxiliary: Readonly<Record<string, string>>;
  /** What an address plugin calls the pool. */
  readonly poolId?: string;
}

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  /** Name of its driver: bridge, host, null, macvlan, ipvlan or a plugin. */
  readonly driver: string;
  /** 'local' but for networks that asked for something else. */
  readonly scope: string;
  readonly enableIpv4: boolean;
  readonly enableIpv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** 'default', 'null' or a plugin. */
  readonly ipamDriver: string;
  /** null when the request had none, as inspect shows it. */
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  /** Holds settings for others to copy; has nothing in the kernel. */
  readonly configOnly: boolean;
  /** Name of the network its settings came from; empty: its own. */
  readonly configFrom: string;
  /** Addresses come from the first of a family that has one left. */
  readonly pools: readonly NetworkPool[];
  /** The user named the subnet: static addresses are allowed, and it is never moved out of the way of a host route. */
  readonly userSubnet: boolean;
  /** Interface on the host: the bridge, or the parent of macvlan and ipvlan; empty where there is none. */
  readonly bridge: string;
  /** The interface was there before the network and stays after it. */
  readonly foreignLink: boolean;
  /** Predefined: can not be removed. */
  readonly builtin: boolean;
  /** Of the default bridge: the boot of the machine in which its subnets were chosen. */
  readonly bootId?: string;
  /** Being removed: finished by reconcile when the daemon died half-way. */
  readonly removing: boolean;
}

/** Where an endpoint leads, besides its own subnets. */
export interface EndpointRoutes {
  /** Address of the gateway for the default route; '' when there is none. */
  readonly gateway4: string;
  readonly gateway6: string;
  /** No gateway, but the link itself leads everywhere (ipvlan l3). */
  readonly onLink: boolean;
  /** Further routes; `via` is '' for what is on the link. */
  readonly static: readonly { readonly destination: string; readonly via: string }[];
}

export const noRoutes: EndpointRoutes = { gateway4: '', gateway6: '', onLink: false, static: [] };

/** A container's end of a network, in the kernel. */
export interface EndpointRecord {
  readonly networkId: string;
  readonly endpointId: string;
  /** Interface inside the container (eth0) and its other end on the bridge; empty on host and none. */
  readonly interfaceName: string;
  readonly hostInterface: string;
  /** Empty when the network has no address of this family. */
  readonly ipv4: string;
  readonly ipv6: string;
  readonly mac: string;
  /** Settings as asked for, repeated by inspect. */
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly gatewayPriority: number;
  readonly requestedIpv4: string;
  readonly requestedIpv6: string;
  /** Further addresses asked for, link-local ones (169.254/16, fe80::/64). */
  readonly linkLocal: readonly string[];
  readonly dnsNames: readonly string[];
  /** Where it leads besides its own subnets; what the driver said when it was made. */
  readonly routes: EndpointRoutes;
  /** Interface of the host that a plugin made for it; else empty. */
  readonly sourceInterface: string;
}

export interface SandboxRecord {
  readonly sandboxId: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
  readonly domainname: string;
  /** Empty for host networking and for sandboxes that use another container's namespace. */
  readonly netnsPath: string;
  /** To find the namespace again by a process in it, when the file was lost with the daemon's mount namespace. */
  readonly netnsInode: number;
  /** Container whose namespace is used, else empty. */
  readonly sharedWith: string;
  /** Its namespace has loopback alone, and it can join no network. */
  readonly networkDisabled?: boolean;
  readonly filesDir: string;
  readonly endpoints: readonly EndpointRecord[];
  readonly ports: readonly PublishedPort[];
  /** What was asked to be published; more than `ports` while no network leads outside. */
  readonly wantedPorts: readonly WantedPort[];
  /** Ports inspect shows, published or not. */
  readonly portKeys: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly extraHosts: readonly string[];
  readonly links: readonly { readonly address: string; readonly names: readonly string[] }[];
}

export class NetworkStore {
  readonly #db: DatabaseSync;
  readonly #warn: (message: string) => void;
  readonly #saveNetwork: StatementSync;
  readonly #deleteNetwork: StatementSync;
  readonly #saveSandbox: StatementSync;
  readonly #deleteSandbox: StatementSync;

  constructor(db: DatabaseSync, warn: (message: string) => void = () => undefined) {
    this.#db = db;
    this.#warn = warn;
    db.exec(`
      CREATE TABLE IF NOT EXISTS networks (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS network_sandboxes (container_id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
    `);
    this.#saveNetwork = db.prepare('INSERT OR REPLACE INTO networks (id, record) VALUES (?, ?)');
    this.#deleteNetwork = db.prepare('DELETE FROM networks WHERE id = ?');
    this.#saveSandbox = db.prepare('INSERT OR REPLACE INTO network_sandboxes (container_id, record) VALUES (?, ?)');
    this.#deleteSandbox = db.prepare('DELETE FROM network_sandboxes WHERE container_id = ?');
  }

  // Records are written by this class only, so their shape is known once they are records at all.
  networks(): NetworkRecord[] {
    const read = (text: string) =>
      completeNetwork(parseRecord(text, ['id', 'name', 'pools']) as NetworkRecord | undefined);
    return this.#readable('SELECT id AS key, record FROM networks', read, (id) => this.deleteNetwork(id));
  }

  sandboxes(): SandboxRecord[] {
    const read = (text: string) =>
      completeSandbox(parseRecord(text, ['containerId', 'endpoints']) as SandboxRecord | undefined);
    const query = 'SELECT container_id AS key, record FROM network_sandboxes';
    return this.#readable(query, read, (id) => this.deleteSandbox(id));
  }

  saveNetwork(record: NetworkRecord): void {
    this.#saveNetwork.run(record.id, JSON.stringify(record));
  }

  deleteNetwork(id: string): void {
    this.#deleteNetwork.run(id);
  }

  saveSandbox(record: SandboxRecord): void {
    this.#saveSandbox.run(record.containerId, JSON.stringify(record));
  }

  deleteSandbox(containerId: string): void {
    this.#deleteSandbox.run(containerId);
  }

  /** Rows that can't be read are dropped: nothing can be done with a network whose name and addresses are unknown. */
  #readable<T>(query: string, read: (text: string) => T | undefined, drop: (key: string) => void): T[] {
    const found: T[] = [];
    for (const { key, record } of this.#db.prepare(query).all()) {
      const value = read(String(record));
      if (value !== undefined) {
        found.push(value);
        continue;
      }
      this.#warn(`network: the record of ${String(key)} can not be read and is dropped`);
      drop(String(key));
    }
    return found;
  }
}

function parseRecord(text: string, fields: readonly string[]): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && fields.every((field) => field in value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What records of earlier versions do not have. */
const laterNetworkFields: Partial<NetworkRecord> = {
  scope: 'local',
  ipamDriver: 'default',
  configOnly: false,
  configFrom: '',
  foreignLink: false,
};
const laterEndpointFields: Partial<EndpointRecord> = { linkLocal: [], sourceInterface: '', routes: noRoutes };

function completeNetwork(stored: NetworkRecord | undefined): NetworkRecord | undefined {
  if (stored === undefined) return undefined;
  const { userSubnet = false } = stored;
  const laterPoolFields: Partial<NetworkPool> = { userSubnet, userGateway: userSubnet };
  return {
    ...laterNetworkFields,
    ...stored,
    pools: stored.pools.map((pool) => ({ ...laterPoolFields, ...pool })),
  };
}

function completeSandbox(stored: SandboxRecord | undefined): SandboxRecord | undefined {
  if (stored === undefined) return undefined;
  return { ...stored, endpoints: stored.endpoints.map((endpoint) => ({ ...laterEndpointFields, ...endpoint })) };
}
