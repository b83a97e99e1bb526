/**
 * Sandboxes in the kernel: namespace, pairs, addresses, routes. Everything here is synchronous but the deletions that wait
 * for the kernel, so a sandbox is either not begun or complete when the event loop runs on.
 */
import { join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { forgetUdpFlows } from '../linux/netlink-conntrack.ts';
import { parseIp } from '../linux/netlink-ip-address.ts';
import { deleteLink, findLink, type LinkCounters, listLinks } from '../linux/netlink-links.ts';
import { netlinkProtocols, openNetlink } from '../linux/netlink-socket.ts';
import {
  adoptNamespace,
  createNamespace,
  deleteNamespace,
  findProcessIn,
  inNamespace,
  namespaceInode,
} from '../linux/netns.ts';
import { highestGroupId } from '../linux/user-namespace.ts';
import { allowHairpin, deleteLinkByName, hostSubnets, writeSysctl } from './bridge.ts';
import type { KernelSockets } from './kernel-sockets.ts';
import type { Attachment } from './network-driver.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import type { NetworkRecord } from './network-store.ts';
import { configureDefaultRoutes, configureInside, configureLoopback, withInnerNetlink } from './sandbox-interface.ts';
import type { Subnet } from './subnet.ts';

/** What Docker sets in every network namespace of its own: ping and low ports without privileges. */
const defaultSysctls: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  // Groups beyond those of a user namespace are refused there.
  'net.ipv4.ping_group_range': `0 ${Math.min(2_147_483_647, highestGroupId())}`,
};

export interface SandboxKernelOptions {
  readonly execRoot: string;
  readonly sockets: KernelSockets;
  readonly drivers: NetworkDrivers;
}

export class SandboxKernel {
  readonly #directory: string;
  readonly #sockets: KernelSockets;
  readonly #drivers: NetworkDrivers;

  constructor(options: SandboxKernelOptions) {
    this.#directory = join(options.execRoot, 'netns');
    this.#sockets = options.sockets;
    this.#drivers = options.drivers;
  }

  /** Below /run, names short: the path goes into runtime specs. */
  pathOf(sandboxId: string): string {
    return join(this.#directory, sandboxId.slice(0, 12));
  }

  get directory(): string {
    return this.#directory;
  }

  hostSubnets(): Subnet[] {
    return hostSubnets(this.#sockets.host);
  }

  hasLink(name: string): boolean {
    return listLinks(this.#sockets.host).some((link) => link.name === name);
  }

  deleteLink(name: string): Promise<void> {
    return deleteLinkByName(this.#sockets.host, this.#sockets.background, name);
  }

  /** Pairs on bridges of these networks that are not among `known`: leftovers of a daemon that died. */
  strayPairs(records: readonly NetworkRecord[], known: ReadonlySet<string>): string[] {
    const links = listLinks(this.#sockets.host);
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
      for (const attachment of request.attachments) this.#plugIn(attachment, netnsPath);
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

  /** Adds one endpoint to a running sandbox; `all` includes it. @throws WharfError; then its interface is gone again */
  async attach(netnsPath: string, added: Attachment, all: readonly Attachment[]): Promise<void> {
    try {
      this.#plugIn(added, netnsPath);
      withInnerNetlink(netnsPath, (netlink) => {
        configureInside(netlink, added.record, added.endpoint);
        configureDefaultRoutes(netlink, all);
      });
    } catch (error) {
      await this.#unplug(netnsPath, added);
      throw error;
    }
  }

  /** Takes one endpoint away; `left` are the others. */
  async detach(netnsPath: string, gone: Attachment, left: readonly Attachment[]): Promise<void> {
    await this.#unplug(netnsPath, gone);
    withInnerNetlink(netnsPath, (netlink) => configureDefaultRoutes(netlink, left));
  }

  /** Of a pair the host's end goes, and with it the other; other links have one end, inside. */
  async #unplug(netnsPath: string, { endpoint }: Attachment): Promise<void> {
    if (endpoint.hostInterface !== '') return this.deleteLink(endpoint.hostInterface);
    withInnerNetlink(netnsPath, (netlink) => {
      const link = findLink(netlink, endpoint.interfaceName);
      if (link !== undefined) deleteLink(netlink, link);
    });
  }

  allowHairpin(hostInterface: string): void {
    allowHairpin(this.#sockets.host, hostInterface);
  }

  forgetUdpFlows(containerAddress: string): void {
    const address = parseIp(containerAddress);
    if (address === undefined) return;
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

  #plugIn(attachment: Attachment, netnsPath: string): void {
    this.#drivers.known(attachment.record.driver).plugIn(attachment, netnsPath);
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
