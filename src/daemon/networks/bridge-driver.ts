/** The driver `bridge`: a bridge interface a network, a pair of interfaces an endpoint, translation to the outside. */
import { WharfError } from '../../contract/errors.ts';
import { findLink, type Link } from '../linux/netlink-links.ts';
import { isNetlinkError } from '../linux/netlink-socket.ts';
import { deleteLinkByName, enableForwarding, ensureBridgeLink, plugIn } from './bridge.ts';
import { bridgeOptions, bridgeSettings, parseBridgeSettings } from './bridge-options.ts';
import type { Firewall } from './firewall.ts';
import { bridgeRules } from './firewall-text.ts';
import type { KernelSockets } from './kernel-sockets.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import type { Attachment, NetworkDriver } from './network-driver.ts';
import { gatewayRoutes, poolsOf } from './network-pools.ts';
import { type EndpointRoutes, type NetworkRecord, noRoutes } from './network-store.ts';
import { formatSubnet, parseSubnet, subnetOf } from './subnet.ts';

export interface BridgeDriverOptions {
  readonly sockets: KernelSockets;
  readonly firewall: Firewall;
  readonly defaults: NetworkDefaults;
}

export class BridgeDriver implements NetworkDriver {
  readonly name = 'bridge';
  readonly scope = 'local';
  readonly kind = 'interfaces';
  readonly publishesPorts = true;
  readonly ownMac = true;
  readonly #o: BridgeDriverOptions;
  readonly #bridges = new Map<string, Link>();

  constructor(options: BridgeDriverOptions) {
    this.#o = options;
  }

  checkOptions(draft: NetworkRecord): void {
    const { gatewayMode4, gatewayMode6 } = parseBridgeSettings(draft.options);
    if (!draft.internal && (gatewayMode4 === 'isolated' || gatewayMode6 === 'isolated')) {
      throw new WharfError(
        'network.config-invalid',
        "gateway mode 'isolated' can only be used for an internal network",
        { status: 500, hint: 'Make the network with --internal.' },
      );
    }
  }

  skipsGateway(draft: NetworkRecord, family: 'ipv4' | 'ipv6'): boolean {
    const { gatewayMode4, gatewayMode6 } = bridgeSettings(draft);
    return draft.internal && (family === 'ipv4' ? gatewayMode4 : gatewayMode6) === 'isolated';
  }

  define(draft: NetworkRecord, others: readonly NetworkRecord[]): NetworkRecord {
    if (!draft.enableIpv4 && !draft.enableIpv6) throw invalid('IPv4 or IPv6 must be enabled');
    if (poolsOf(draft, 'ipv4').length > 1 || poolsOf(draft, 'ipv6').length > 1) {
      throw invalid("bridge driver doesn't support multiple subnets", 403);
    }
    for (const pool of poolsOf(draft, 'ipv6')) checkIpv6Pool(pool.subnet, pool.gateway);
    const wanted = parseBridgeSettings(draft.options).name;
    const bridge = wanted === '' ? `br-${draft.id.slice(0, 12)}` : wanted;
    const other = others.find((record) => record.driver === 'bridge' && record.bridge === bridge);
    if (other !== undefined) {
      throw invalid(
        `cannot create network ${draft.id} (${bridge}): conflicts with network ${other.id} (${bridge}): networks have same bridge name`,
        403,
      );
    }
    if (!/^[^\s/:]{1,15}$/.test(bridge) || bridge === '.' || bridge === '..') {
      throw invalid(
        `invalid bridge name: ${bridge}`,
        500,
        'Interface names have at most 15 characters, no blanks and no slashes.',
      );
    }
    const existing = findLink(this.#o.sockets.host, bridge);
    if (existing !== undefined && existing.kind !== 'bridge') {
      throw invalid(`existing interface ${bridge} is not a bridge`, 500);
    }
    return { ...draft, bridge, foreignLink: existing !== undefined };
  }

  async createNetwork(record: NetworkRecord): Promise<void> {
    try {
      this.#ensure(record);
    } catch (error) {
      await this.removeNetwork(record);
      throw error;
    }
  }

  async restoreNetwork(record: NetworkRecord): Promise<void> {
    this.#bridges.delete(record.id);
    this.#ensure(record);
  }

  async removeNetwork(record: NetworkRecord): Promise<void> {
    this.#bridges.delete(record.id);
    this.#o.firewall.removeBridge(record.bridge);
    if (!record.foreignLink) await deleteLinkByName(this.#o.sockets.host, this.#o.sockets.background, record.bridge);
  }

  routes({ record, endpoint }: Attachment): EndpointRoutes {
    if (record.internal) return noRoutes;
    return gatewayRoutes(record, endpoint);
  }

  plugIn({ record, endpoint }: Attachment, netnsPath: string): void {
    const { host } = this.#o.sockets;
    try {
      plugIn(host, { record, endpoint, bridge: this.#ensure(record), netnsPath });
    } catch (error) {
      // Somebody deleted the bridge: make it again, once.
      if (!isNetlinkError(error, 'ENODEV', 'EINVAL') || findLink(host, record.bridge) !== undefined) throw error;
      this.#bridges.delete(record.id);
      plugIn(host, { record, endpoint, bridge: this.#ensure(record), netnsPath });
    }
  }

  /** Makes the bridge and its rules, once a daemon. @throws WharfError 'kernel.failed' | 'kernel.denied' */
  #ensure(record: NetworkRecord): Link {
    const known = this.#bridges.get(record.id);
    if (known !== undefined) return known;
    const { sockets, firewall, defaults } = this.#o;
    if (defaults.ipForward) enableForwarding(record.enableIpv6);
    const link = ensureBridgeLink(sockets.host, record);
    firewall.addBridge(bridgeRules(record));
    this.#bridges.set(record.id, link);
    return link;
  }
}

/** @throws WharfError 'network.config-invalid' */
function checkIpv6Pool(subnetText: string, gateway: string): void {
  const subnet = parseSubnet(subnetText);
  if (subnet === undefined) return;
  const shown = `${gateway === '' ? formatSubnet(subnet).split('/')[0] : gateway}/${subnet.prefixLength}`;
  if (subnet.base >> 120n === 0xffn) throw invalid(`multicast subnet '${shown}' is not allowed`);
  const linkLocal = subnetOf('ipv6', 0xfe80n << 112n, 64);
  const same = subnet.base === linkLocal.base && subnet.prefixLength === 64;
  const meets =
    subnet.base >> 64n === linkLocal.base >> 64n ||
    (subnet.prefixLength < 64 && subnetOf('ipv6', linkLocal.base, subnet.prefixLength).base === subnet.base);
  if (!same && meets) throw invalid(`'${shown}' clashes with the Link-Local prefix 'fe80::/64'`);
}

function invalid(message: string, status = 400, hint?: string): WharfError {
  return new WharfError('network.config-invalid', message, { status, ...(hint === undefined ? {} : { hint }) });
}

/** Options of the default bridge that inspect shows. */
export function defaultBridgeOptions(
  defaults: NetworkDefaults,
  bridge: { readonly name: string; readonly mtu: number },
): Readonly<Record<string, string>> {
  return {
    [bridgeOptions.defaultBridge]: 'true',
    [bridgeOptions.interContainer]: String(defaults.interContainer),
    [bridgeOptions.masquerade]: String(defaults.ipMasquerade),
    [bridgeOptions.hostBinding]: defaults.publishAddress === '' ? '0.0.0.0' : defaults.publishAddress,
    [bridgeOptions.name]: bridge.name,
    [bridgeOptions.mtu]: String(bridge.mtu),
  };
}
