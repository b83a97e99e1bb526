/**
 * Sandboxes in the kernel: namespace, pairs, addresses, routes. Everything here is synchronous but the deletions that wait
 * for the kernel, so a sandbox is either not begun or complete when the event loop runs on.
 */
import { join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { forgetUdpFlows } from '../linux/netlink-conntrack.ts';
import { parseIp } from '../linux/netlink-ip-address.ts';
import { type Link, type LinkCounters, listLinks } from '../linux/netlink-links.ts';
import { isNetlinkError, type NetlinkSocket, netlinkProtocols, openNetlink } from '../linux/netlink-socket.ts';
import {
  adoptNamespace,
  createNamespace,
  deleteNamespace,
  findProcessIn,
  inNamespace,
  namespaceInode,
} from '../linux/netns.ts';
import { highestGroupId } from '../linux/user-namespace.ts';
import {
  type Attachment,
  allowHairpin,
  bridgeRules,
  configureDefaultRoutes,
  configureInside,
  configureLoopback,
  deleteLinkByName,
  enableForwarding,
  ensureBridgeLink,
  hostSubnets,
  plugIn,
  withInnerNetlink,
  writeSysctl,
} from './bridge.ts';
import type { Firewall } from './firewall.ts';
import type { NetworkRecord } from './network-store.ts';
import type { Subnet } from './subnet.ts';

/** What Docker sets in every network namespace of its own: ping and low ports without privileges. */
const defaultSysctls: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  // Groups beyond those of a user namespace are refused there.
  'net.ipv4.ping_group_range': `0 ${Math.min(2_147_483_647, highestGroupId())}`,
};

export class SandboxKernel {
  readonly #directory: string;
  readonly #firewall: Firewall;
  readonly #bridges = new Map<string, Link>();
  #netlink: NetlinkSocket | undefined;
  #asyncNetlink: NetlinkSocket | undefined;

  constructor(options: { readonly execRoot: string; readonly firewall: Firewall }) {
    this.#directory = join(options.execRoot, 'netns');
    this.#firewall = options.firewall;
  }

  /** Below /run, names short: the path goes into runtime specs. */
  pathOf(sandboxId: string): string {
    return join(this.#directory, sandboxId.slice(0, 12));
  }

  get directory(): string {
    return this.#directory;
  }

  hostSubnets(): Subnet[] {
    return hostSubnets(this.#host());
  }

  hasBridge(record: NetworkRecord): boolean {
    return listLinks(this.#host()).some((link) => link.name === record.bridge);
  }

  /** Makes the bridge and its rules, once a daemon. @throws WharfError 'kernel.failed' | 'kernel.denied' */
  ensureBridge(record: NetworkRecord): Link {
    const known = this.#bridges.get(record.id);
    if (known !== undefined) return known;
    enableForwarding(record.enableIpv6);
    const link = ensureBridgeLink(this.#host(), record);
    this.#firewall.addBridge(bridgeRules(record));
    this.#bridges.set(record.id, link);
    return link;
  }

  async removeBridge(record: NetworkRecord): Promise<void> {
    this.#bridges.delete(record.id);
    this.#firewall.removeBridge(record.bridge);
    await this.deleteLink(record.bridge);
  }

  deleteLink(name: string): Promise<void> {
    return deleteLinkByName(this.#host(), this.#background(), name);
  }

  /** Pairs on bridges of these networks that are not among `known`: leftovers of a daemon that died. */
  strayPairs(records: readonly NetworkRecord[], known: ReadonlySet<string>): string[] {
    const links = listLinks(this.#host());
    const bridges = new Set(
      links.filter((link) => records.some((record) => record.bridge === link.name)).map((link) => link.index),
    );
    return links
      .filter((link) => link.kind === 'veth' && bridges.has(link.master) && !known.has(link.name))
      .map((link) => link.name);
  }

  /**
   * Makes the namespace with all endpoints. `inside` runs last, within it, for sockets that belong there.
   * @throws WharfError; then nothing is left
   */
  build(netnsPath: string, request: BuildRequest): { readonly inode: number } {
    createNamespace(netnsPath);
    try {
      for (const attachment of request.attachments) this.#plugIn(netnsPath, attachment);
      withInnerNetlink(netnsPath, (netlink) => {
        configureLoopback(netlink);
        for (const { record, endpoint } of request.attachments) configureInside(netlink, record, endpoint);
        configureDefaultRoutes(netlink, request.attachments);
        applySysctls({ ...defaultSysctls, ...request.sysctls });
        request.inside();
      });
      return { inode: namespaceInode(netnsPath) ?? 0 };
    } catch (error) {
      deleteNamespace(netnsPath);
      throw error;
    }
  }

  /** Adds one endpoint to a running sandbox; `all` includes it. @throws WharfError; then the pair is gone again */
  async attach(netnsPath: string, added: Attachment, all: readonly Attachment[]): Promise<void> {
    try {
      this.#plugIn(netnsPath, added);
      withInnerNetlink(netnsPath, (netlink) => {
        configureInside(netlink, added.record, added.endpoint);
        configureDefaultRoutes(netlink, all);
      });
    } catch (error) {
      await this.deleteLink(added.endpoint.hostInterface);
      throw error;
    }
  }

  /** Takes one endpoint away; `left` are the others. */
  async detach(netnsPath: string, hostInterface: string, left: readonly Attachment[]): Promise<void> {
    await this.deleteLink(hostInterface);
    withInnerNetlink(netnsPath, (netlink) => configureDefaultRoutes(netlink, left));
  }

  allowHairpin(hostInterface: string): void {
    allowHairpin(this.#host(), hostInterface);
  }

  forgetUdpFlows(containerAddress: string): void {
    const address = parseIp(containerAddress);
    if (address?.family !== 'ipv4') return;
    using netfilter = openNetlink(netlinkProtocols.netfilter);
    forgetUdpFlows(netfilter, address);
  }

  inside<T>(netnsPath: string, work: () => T): T {
    return inNamespace(netnsPath, work);
  }

  deleteNamespace(netnsPath: string): void {
    deleteNamespace(netnsPath);
  }

  /**
   * Makes sure the file keeps the namespace of a running container. The file is a mount, so it is gone when the daemon ran in
   * a mount namespace of its own; then a process inside the namespace leads to it.
   * @returns false when no process is left in it
   */
  revive(netnsPath: string, inode: number): boolean {
    if (namespaceInode(netnsPath) === inode) return true;
    const pid = findProcessIn(inode);
    if (pid === undefined) return false;
    deleteNamespace(netnsPath);
    adoptNamespace(pid, netnsPath);
    return true;
  }

  counters(netnsPath: string): Readonly<Record<string, LinkCounters>> {
    const links = withInnerNetlink(netnsPath, listLinks);
    return Object.fromEntries(links.filter((link) => link.name !== 'lo').map((link) => [link.name, link.counters]));
  }

  #plugIn(netnsPath: string, attachment: Attachment): void {
    const { record, endpoint } = attachment;
    try {
      plugIn(this.#host(), { record, endpoint, bridge: this.ensureBridge(record), netnsPath });
    } catch (error) {
      // Somebody deleted the bridge: make it again, once.
      if (!isNetlinkError(error, 'ENODEV', 'EINVAL')) throw error;
      this.#bridges.delete(record.id);
      plugIn(this.#host(), { record, endpoint, bridge: this.ensureBridge(record), netnsPath });
    }
  }

  #host(): NetlinkSocket {
    this.#netlink ??= openNetlink();
    return this.#netlink;
  }

  #background(): NetlinkSocket {
    this.#asyncNetlink ??= openNetlink();
    return this.#asyncNetlink;
  }

  [Symbol.dispose](): void {
    this.#netlink?.[Symbol.dispose]();
    this.#asyncNetlink?.[Symbol.dispose]();
    this.#netlink = undefined;
    this.#asyncNetlink = undefined;
  }
}

interface BuildRequest {
  readonly attachments: readonly Attachment[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly inside: () => void;
}

/** Only the network's own: others are the runtime's. A slash in an interface name is written as in sysctl(8). */
function applySysctls(sysctls: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(sysctls)) {
    if (!name.startsWith('net.') || name.includes('..') || name.includes('/')) continue;
    try {
      writeSysctl(name.replaceAll('.', '/'), value);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new WharfError('container.config-invalid', reason, { cause });
    }
  }
}
