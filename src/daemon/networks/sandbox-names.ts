/** Names of sandboxes: what others find them by, and the resolvers they ask themselves. */
import type { DnsForwarder } from './dns-forwarder.ts';
import type { DnsNames } from './dns-names.ts';
import { openDnsServer } from './dns-server.ts';
import type { Attachment } from './network-driver.ts';
import { poolOfAddress } from './network-pools.ts';
import type { SandboxRecord } from './network-store.ts';
import { effectiveResolver, readHostResolverConfig } from './sandbox-files.ts';
import type { SandboxKernel } from './sandbox-kernel.ts';
import { linkAliases } from './sandbox-record.ts';

export interface SandboxNamesOptions {
  readonly names: DnsNames;
  readonly forwarder: DnsForwarder;
  readonly kernel: SandboxKernel;
  readonly warn: (message: string) => void;
  /** The latest record of a container; it changes with connect, disconnect and rename. */
  readonly current: (containerId: string) => SandboxRecord | undefined;
  readonly attachments: (record: SandboxRecord) => readonly Attachment[];
}

export class SandboxNames {
  readonly #o: SandboxNamesOptions;
  readonly #resolvers = new Map<string, Disposable>();

  constructor(options: SandboxNamesOptions) {
    this.#o = options;
  }

  /** As in Docker, the default bridge has no names. */
  needsResolver(record: SandboxRecord): boolean {
    return this.#o.attachments(record).some((attachment) => !attachment.record.builtin);
  }

  /** Opens the resolver of a new sandbox, if it needs one. Runs inside its namespace. */
  openInside(record: SandboxRecord): void {
    if (this.needsResolver(record)) this.#open(record, false);
  }

  /** Opens the resolver of a running sandbox, if it needs one and has none yet. */
  ensure(record: SandboxRecord): void {
    if (this.#resolvers.has(record.containerId) || !this.needsResolver(record)) return;
    this.#o.kernel.inside(record.netnsPath, () => this.#open(record, true));
  }

  /** Lets the others on its user-defined networks find a container; replaces what was said before. */
  announce(record: SandboxRecord): void {
    const { containerId, containerName } = record;
    for (const { record: network, endpoint } of this.#o.attachments(record)) {
      if (network.builtin) continue;
      const names = endpoint.dnsNames.flatMap((name) => [name, `${name}.${network.name}`]);
      const addresses = [endpoint.ipv4, endpoint.ipv6].filter((address) => address !== '');
      this.#o.names.set({
        networkId: network.id,
        networkName: network.name,
        containerId,
        containerName,
        names,
        addresses,
      });
    }
  }

  forget(networkId: string, containerId: string): void {
    this.#o.names.delete(networkId, containerId);
  }

  close(record: SandboxRecord): void {
    this.#resolvers.get(record.containerId)?.[Symbol.dispose]();
    this.#resolvers.delete(record.containerId);
    for (const endpoint of record.endpoints) this.forget(endpoint.networkId, record.containerId);
  }

  closeAll(): void {
    for (const resolver of this.#resolvers.values()) resolver[Symbol.dispose]();
    this.#resolvers.clear();
  }

  #open(record: SandboxRecord, replaceRedirect: boolean): void {
    const { names, forwarder, warn, attachments } = this.#o;
    const resolver = effectiveResolver(readHostResolverConfig(), record);
    const current = (): SandboxRecord => this.#o.current(record.containerId) ?? record;
    const server = openDnsServer({
      names,
      forwarder,
      replaceRedirect,
      onError: (error) => warn(`network: resolver of ${current().containerName}: ${error.message}`),
      view: {
        networkIds: () => attachments(current()).map(({ endpoint }) => endpoint.networkId),
        alias: (name) => linkAliases(current()).get(name),
        upstreams: () => reachableUpstreams(attachments(current()), resolver.nameservers),
        keepsLabels: () => resolver.options.some((option) => /^ndots:[1-9]/.test(option)),
      },
    });
    this.#resolvers.set(record.containerId, server);
  }
}

/** From internal networks only those that are in them: nothing is asked outside for a container that must not get there. */
function reachableUpstreams(attachments: readonly Attachment[], nameservers: readonly string[]): readonly string[] {
  if (attachments.some((attachment) => !attachment.record.internal)) return nameservers;
  return nameservers.filter((server) => attachments.some(({ record }) => poolOfAddress(record, server) !== undefined));
}
