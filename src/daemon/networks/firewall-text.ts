/**
 * The daemon's one nftables table, as text. Pure.
 *
 *   raw prerouting   a container may not reach the host's loopback (route_localnet is on, for published ports)
 *   prerouting       packets to an address of this host and a published port  ──dnat──►  container
 *   output           the same for packets of the host itself, 127.0.0.1 included
 *   forward          into a bridge only: answers, published ports, neighbours on the same bridge (unless icc is off)
 *   postrouting      masquerade: containers to the outside; the host, neighbours and a container itself to published ports
 *
 * The rules never change: networks and ports are elements of sets and maps, so that publishing a port is one element.
 *
 * Known limit: a `drop` in another table's forward chain still drops; an accept here can not overrule it. The common one,
 * iptables' FORWARD with policy drop, is dealt with in foreign-firewall.ts; others are their owner's to open.
 */
import { bridgeSettings } from './bridge-options.ts';
import { poolsOf } from './network-pools.ts';
import type { NetworkRecord } from './network-store.ts';

export interface BridgeRules {
  readonly bridge: string;
  /** Subnets, `address/prefix`, whose traffic to the outside gets an address of the host. */
  readonly masquerade: readonly string[];
  /** As `masquerade`, with the address given. */
  readonly translate: readonly { readonly subnet: string; readonly address: string }[];
  /** No way in or out. */
  readonly internal: boolean;
  /** Containers of the bridge may talk to each other. */
  readonly interContainer: boolean;
  /** Subnets that whoever routes to them reaches on every port. */
  readonly unprotected: readonly string[];
  /** Interfaces from which published ports of containers may be routed to. */
  readonly trusted: readonly string[];
}

export interface PublishedRule {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** '0.0.0.0' or '::' for all addresses of the host in this family; '' when nothing is translated (routed). */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerAddress: string;
  readonly containerPort: number;
  /** Whoever routes to the container's address reaches this port of it. */
  readonly direct: boolean;
}

export function bridgeRules(record: NetworkRecord): BridgeRules {
  const settings = bridgeSettings(record);
  const families = [
    { subnets: poolsOf(record, 'ipv4'), mode: settings.gatewayMode4, host: settings.hostAddress4 },
    { subnets: poolsOf(record, 'ipv6'), mode: settings.gatewayMode6, host: settings.hostAddress6 },
  ];
  const translated = families.flatMap(({ subnets, mode, host }) =>
    settings.masquerade && (mode === 'nat' || mode === 'nat-unprotected')
      ? subnets.map(({ subnet }) => ({ subnet, address: host }))
      : [],
  );
  return {
    bridge: record.bridge,
    masquerade: translated.filter(({ address }) => address === '').map(({ subnet }) => subnet),
    translate: translated.filter(({ address }) => address !== ''),
    internal: record.internal,
    interContainer: settings.interContainer,
    unprotected: families.flatMap(({ subnets, mode }) =>
      mode === 'nat-unprotected' ? subnets.map(({ subnet }) => subnet) : [],
    ),
    trusted: settings.trustedInterfaces,
  };
}

const isV6 = (address: string): boolean => address.includes(':');
const family = (address: string): '4' | '6' => (isV6(address) ? '6' : '4');

export type Elements = readonly (readonly [set: string, element: string])[];

export function bridgeElements(rules: BridgeRules): Elements {
  const pair = `"${rules.bridge}" . "${rules.bridge}"`;
  const elements: [string, string][] = [
    ['bridges', `"${rules.bridge}"`],
    ['hairpin', pair],
  ];
  if (rules.interContainer) elements.push(['neighbours', pair]);
  if (rules.internal) elements.push(['internal', `"${rules.bridge}"`]);
  else {
    for (const subnet of rules.masquerade) elements.push([`masquerade${family(subnet)}`, subnet]);
    for (const { subnet, address } of rules.translate)
      elements.push([`source${family(subnet)}`, `${subnet} : ${address}`]);
  }
  for (const subnet of rules.unprotected) elements.push([`unprotected${family(subnet)}`, subnet]);
  for (const name of rules.trusted) elements.push(['trusted', `"${name}" . "${rules.bridge}"`]);
  return elements;
}

export const isIpv6Set = (set: string): boolean => set.endsWith('6');

/** Of an element of a map the key alone: what it is deleted by. */
export function keyOf([set, element]: Elements[number]): Elements[number] {
  return [set, element.split(' : ')[0] ?? element];
}

/** Everything one published port is made of. */
export function publishedElements(rule: PublishedRule): Elements {
  const { protocol, hostAddress, hostPort, containerAddress, containerPort, direct } = rule;
  const to = family(containerAddress);
  const elements: [string, string][] = [];
  if (hostAddress !== '') {
    const target = `${containerAddress} . ${containerPort}`;
    const isAny = hostAddress === '0.0.0.0' || hostAddress === '::';
    if (isAny) elements.push([`ports_any${to}`, `${protocol} . ${hostPort} : ${target}`]);
    else elements.push([`ports_one${to}`, `${hostAddress} . ${protocol} . ${hostPort} : ${target}`]);
  }
  // For a container that asks for its own published port. With br_netfilter such packets have no incoming interface.
  elements.push([`self${to}`, `${containerAddress} . ${containerAddress}`]);
  elements.push([direct ? `open${to}` : `trusted_ports${to}`, `${containerAddress} . ${protocol} . ${containerPort}`]);
  return elements;
}

const addressType = { '4': 'ipv4_addr', '6': 'ipv6_addr' } as const;
const addressKey = { '4': 'ip', '6': 'ip6' } as const;

function familySets(set: (name: string, kind: 'set' | 'map', definition: string) => string, to: '4' | '6'): string {
  const type = addressType[to];
  const interval = '\n flags interval';
  return [
    set(`self${to}`, 'set', `type ${type} . ${type}`),
    set(`masquerade${to}`, 'set', `type ${type}${interval}`),
    set(`source${to}`, 'map', `type ${type} : ${type}${interval}`),
    set(`unprotected${to}`, 'set', `type ${type}${interval}`),
    set(`open${to}`, 'set', `type ${type} . inet_proto . inet_service`),
    set(`trusted_ports${to}`, 'set', `type ${type} . inet_proto . inet_service`),
    set(`ports_any${to}`, 'map', `type inet_proto . inet_service : ${type} . inet_service`),
    set(`ports_one${to}`, 'map', `type ${type} . inet_proto . inet_service : ${type} . inet_service`),
  ].join('\n  ');
}

function forwardRules(to: '4' | '6'): string {
  const ip = addressKey[to];
  return `
    oifname @bridges ${ip} daddr @unprotected${to} accept
    oifname @bridges ${ip} daddr . meta l4proto . th dport @open${to} accept
    iifname . oifname @trusted ${ip} daddr . meta l4proto . th dport @open${to} accept
    iifname . oifname @trusted ${ip} daddr . meta l4proto . th dport @trusted_ports${to} accept`;
}

function postroutingRules(to: '4' | '6'): string {
  const ip = addressKey[to];
  return `
    ${ip} saddr . ${ip} daddr @self${to} ct status dnat masquerade
    oifname != @bridges ${ip} saddr @masquerade${to} masquerade
    oifname != @bridges snat ${ip} to ${ip} saddr map @source${to}`;
}

/** The whole table as one transaction that replaces an older one. */
export function firewallText(
  table: string,
  bridges: readonly BridgeRules[],
  ports: readonly PublishedRule[],
  options: { readonly ipv6: boolean } = { ipv6: true },
): string {
  const every = [...bridges.flatMap(bridgeElements), ...ports.flatMap(publishedElements)];
  const all = every.filter(([set]) => options.ipv6 || !isIpv6Set(set));
  const set = (name: string, kind: 'set' | 'map', definition: string): string => {
    const elements = [...new Set(all.filter(([owner]) => owner === name).map(([, element]) => element))];
    const list = elements.length === 0 ? '' : `elements = { ${elements.join(', ')} }`;
    return `${kind} ${name} {\n ${definition}\n ${list}\n}`;
  };
  return `
add table inet ${table}
delete table inet ${table}
table inet ${table} {
  ${set('bridges', 'set', 'type ifname')}
  ${set('internal', 'set', 'type ifname')}
  ${set('neighbours', 'set', 'type ifname . ifname')}
  ${set('hairpin', 'set', 'type ifname . ifname')}
  ${set('trusted', 'set', 'type ifname . ifname')}
  ${familySets(set, '4')}
  ${familySets(set, '6')}
  chain published {
    dnat ip to ip daddr . meta l4proto . th dport map @ports_one4
    dnat ip to meta l4proto . th dport map @ports_any4
    ip6 daddr fe80::/10 return
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports_one6
    dnat ip6 to meta l4proto . th dport map @ports_any6
  }
  chain raw_prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump published
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 return
    fib daddr type local jump published
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ${options.ipv6 ? '' : 'meta nfproto ipv6 accept'}
    ct state established,related accept
    iifname . oifname @neighbours accept
    iifname @internal drop
    oifname @internal drop
    oifname @bridges ct status dnat accept
    ${forwardRules('4')}
    ${forwardRules('6')}
    oifname @bridges drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    fib saddr type local oifname @bridges ct status dnat masquerade
    iifname . oifname @hairpin ct status dnat masquerade
    ${postroutingRules('4')}
    ${postroutingRules('6')}
  }
}
`;
}
