/**
 * What the daemon's flags say about networks (dockerd's --bip, --icc, --ip, …). `daemon-flags.ts` reads them, `main.ts` hands
 * them over, this folder checks and honours them. Empty text and undefined mean: not given.
 */

export interface AddressPoolDefault {
  /** `address/prefix`: what subnets of networks without one of their own are cut from. */
  readonly base: string;
  /** Prefix length of each of them. */
  readonly size: number;
}

export interface NetworkDefaults {
  /** --bridge: an existing bridge for the default network, 'none' for no default network, '' for a bridge of the daemon's own. */
  readonly bridge: string;
  /** --bip, --bip6: address and prefix of the default bridge (`192.168.1.5/24`). */
  readonly bip: string;
  readonly bip6: string;
  /** --fixed-cidr, --fixed-cidr-v6: what containers of the default bridge get their addresses from. */
  readonly fixedCidr: string;
  readonly fixedCidrV6: string;
  /** --default-gateway, --default-gateway-v6: of containers on the default bridge. */
  readonly defaultGateway: string;
  readonly defaultGatewayV6: string;
  /** --ipv6: the default bridge has IPv6. */
  readonly ipv6: boolean;
  /** --mtu of the default bridge; 0 leaves the choice to the daemon. */
  readonly mtu: number;
  /** --icc: containers of the default bridge may talk to each other. */
  readonly interContainer: boolean;
  /** --ip-forward: turn forwarding of the host on. */
  readonly ipForward: boolean;
  /** --ip-masq of the default bridge. */
  readonly ipMasquerade: boolean;
  /** --iptables, --ip6tables: make packet filter and translation rules at all. */
  readonly iptables: boolean;
  readonly ip6tables: boolean;
  /** --userland-proxy: also carry published ports through sockets of the daemon, where rules do not reach. */
  readonly userlandProxy: boolean;
  /** --allow-direct-routing: other hosts may route to containers without a published port's translation. */
  readonly allowDirectRouting: boolean;
  /** --ip: host address that ports without one are published on, default '0.0.0.0' (with '::'). */
  readonly publishAddress: string;
  /** --default-address-pool, in the order given; empty: Docker's. */
  readonly addressPools: readonly AddressPoolDefault[];
  /** --default-network-opt: by driver, options of new networks that do not say otherwise. */
  readonly networkOptions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** --dns, --dns-opt, --dns-search: of containers that say nothing. */
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  /** --host-gateway-ip: what 'host-gateway' stands for; empty: the default bridge's gateway. */
  readonly hostGateways: readonly string[];
}

/** What holds when no flag is given. */
export const networkDefaults: NetworkDefaults = {
  bridge: '',
  bip: '',
  bip6: '',
  fixedCidr: '',
  fixedCidrV6: '',
  defaultGateway: '',
  defaultGatewayV6: '',
  ipv6: false,
  mtu: 0,
  interContainer: true,
  ipForward: true,
  ipMasquerade: true,
  iptables: true,
  ip6tables: true,
  userlandProxy: true,
  allowDirectRouting: false,
  publishAddress: '',
  addressPools: [],
  networkOptions: {},
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  hostGateways: [],
};
