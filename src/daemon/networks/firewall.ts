/**
 * The daemon's one nftables table.
 *
 *   raw prerouting   a container may not reach the host's loopback (route_localnet is on, for published ports)
 *   prerouting       packets to an address of this host and a published port  ──dnat──►  container
 *   output           the same for packets of the host itself, 127.0.0.1 included
 *   forward          into a bridge only: answers, published ports, neighbours on the same bridge (unless icc is off)
 *   postrouting      masquerade: containers to the outside; the host, neighbours and a container itself to published ports
 *
 * The rules never change: networks and ports are elements of sets and maps, so that publishing a port is one element. The
 * whole text can be made again from what this object knows, which is how a table that someone flushed comes back.
 *
 * Known limit: a `drop` in another table's forward chain still drops; an accept here can not overrule it. The common one,
 * iptables' FORWARD with policy drop, is dealt with in foreign-firewall.ts; others are their owner's to open.
 */
import { isWharfError } from '../../contract/errors.ts';
import { type Nftables, openNftables } from '../linux/nftables.ts';
import { acceptForwarding, retractForwarding } from './foreign-firewall.ts';

export interface BridgeRules {
  readonly bridge: string;
  /** Subnets, `address/prefix`; masqueraded when `masquerade`. */
  readonly subnets4: readonly string[];
  readonly subnets6: readonly string[];
  readonly masquerade: boolean;
  /** No way in or out. */
  readonly internal: boolean;
  /** Containers of the bridge may talk to each other. */
  readonly interContainer: boolean;
}

export interface PublishedRule {
  readonly protocol: 'tcp' | 'udp';
  /** '0.0.0.0' for all addresses of the host. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerAddress: string;
  readonly containerPort: number;
}

const anyAddress = '0.0.0.0';

export function firewallTable(instance: string): string {
  return instance === '' ? 'wharf' : `wharf_${instance}`;
}

type Elements = readonly (readonly [set: string, element: string])[];

function bridgeElements(rules: BridgeRules): Elements {
  const pair = `"${rules.bridge}" . "${rules.bridge}"`;
  const elements: [string, string][] = [
    ['bridges', `"${rules.bridge}"`],
    ['hairpin', pair],
  ];
  if (rules.interContainer) elements.push(['neighbours', pair]);
  if (rules.internal) elements.push(['internal', `"${rules.bridge}"`]);
  if (rules.masquerade && !rules.internal) {
    for (const subnet of rules.subnets4) elements.push(['masquerade4', subnet]);
    for (const subnet of rules.subnets6) elements.push(['masquerade6', subnet]);
  }
  return elements;
}

function publishedKey(rule: PublishedRule): readonly [map: string, key: string] {
  const port = `${rule.protocol} . ${rule.hostPort}`;
  return rule.hostAddress === anyAddress ? ['ports_any', port] : ['ports_one', `${rule.hostAddress} . ${port}`];
}

/** For a container that asks for its own published port. With br_netfilter such packets have no incoming interface. */
function selfElement(containerAddress: string): readonly [set: string, element: string] {
  return ['self', `${containerAddress} . ${containerAddress}`];
}

function publishedElement(rule: PublishedRule): readonly [map: string, element: string] {
  const [map, key] = publishedKey(rule);
  return [map, `${key} : ${rule.containerAddress} . ${rule.containerPort}`];
}

/** The whole table as one transaction that replaces an older one. Pure. */
export function firewallText(table: string, bridges: readonly BridgeRules[], ports: readonly PublishedRule[]): string {
  const selves = [...new Set(ports.map((port) => port.containerAddress))].map(selfElement);
  const all = [...bridges.flatMap(bridgeElements), ...ports.map(publishedElement), ...selves];
  const set = (name: string, kind: 'set' | 'map', definition: string): string => {
    const elements = all.filter(([owner]) => owner === name).map(([, element]) => element);
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
  ${set('self', 'set', 'type ipv4_addr . ipv4_addr')}
  ${set('masquerade4', 'set', 'type ipv4_addr\n flags interval')}
  ${set('masquerade6', 'set', 'type ipv6_addr\n flags interval')}
  ${set('ports_any', 'map', 'type inet_proto . inet_service : ipv4_addr . inet_service')}
  ${set('ports_one', 'map', 'type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service')}
  chain published {
    dnat ip to ip daddr . meta l4proto . th dport map @ports_one
    dnat ip to meta l4proto . th dport map @ports_any
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
    fib daddr type local jump published
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname . oifname @neighbours accept
    iifname @internal drop
    oifname @internal drop
    oifname @bridges ct status dnat accept
    oifname @bridges drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    fib saddr type local oifname @bridges ct status dnat masquerade
    iifname . oifname @hairpin ct status dnat masquerade
    ip saddr . ip daddr @self ct status dnat masquerade
    oifname != @bridges ip saddr @masquerade4 masquerade
    oifname != @bridges ip6 saddr @masquerade6 masquerade
  }
}
`;
}

export class Firewall implements Disposable {
  readonly #table: string;
  readonly #bridges = new Map<string, BridgeRules>();
  readonly #ports = new Map<string, PublishedRule>();
  #nft: Nftables | undefined;
  #applied = false;

  constructor(instance: string) {
    this.#table = firewallTable(instance);
  }

  /** Puts the whole table in place. @throws WharfError 'kernel.failed' | 'kernel.denied' */
  apply(): void {
    this.#kernel().run(firewallText(this.#table, [...this.#bridges.values()], [...this.#ports.values()]));
    this.#applied = true;
    acceptForwarding(this.#kernel(), [...this.#bridges.keys()]);
  }

  addBridge(rules: BridgeRules): void {
    this.#bridges.set(rules.bridge, rules);
    this.#change('add', bridgeElements(rules));
    acceptForwarding(this.#kernel(), [rules.bridge]);
  }

  removeBridge(bridge: string): void {
    // Also when this daemon never made it: an earlier one may have died half-way.
    retractForwarding(this.#kernel(), [bridge]);
    const rules = this.#bridges.get(bridge);
    if (rules === undefined) return;
    this.#bridges.delete(bridge);
    this.#change('delete', bridgeElements(rules));
  }

  /** @throws WharfError 'kernel.failed'; then the rule is not there */
  publish(rules: readonly PublishedRule[]): void {
    for (const rule of rules) this.#ports.set(publishedKey(rule).join(' '), rule);
    try {
      const selves = new Set(rules.map((rule) => rule.containerAddress));
      this.#change('add', [...rules.map(publishedElement), ...[...selves].map(selfElement)]);
    } catch (error) {
      for (const rule of rules) this.#ports.delete(publishedKey(rule).join(' '));
      throw error;
    }
  }

  unpublish(rules: readonly PublishedRule[]): void {
    const known = rules.filter((rule) => this.#ports.delete(publishedKey(rule).join(' ')));
    const left = new Set([...this.#ports.values()].map((rule) => rule.containerAddress));
    const gone = new Set(known.map((rule) => rule.containerAddress).filter((address) => !left.has(address)));
    this.#change('delete', [...known.map(publishedKey), ...[...gone].map(selfElement)]);
  }

  /** Takes the table out of the kernel. */
  remove(): void {
    retractForwarding(this.#kernel(), [...this.#bridges.keys()]);
    this.#kernel().run(`add table inet ${this.#table}\ndelete table inet ${this.#table}\n`);
    this.#applied = false;
  }

  #change(verb: 'add' | 'delete', elements: Elements): void {
    if (!this.#applied) {
      this.apply();
      return;
    }
    if (elements.length === 0) return;
    const lines = elements.map(([set, element]) => `${verb} element inet ${this.#table} ${set} { ${element} }`);
    try {
      this.#kernel().run(`${lines.join('\n')}\n`);
    } catch (error) {
      // Somebody flushed or changed the table (`nft flush ruleset`): make it anew from what is known.
      if (!isWharfError(error, 'kernel.failed')) throw error;
      this.apply();
    }
  }

  #kernel(): Nftables {
    this.#nft ??= openNftables();
    return this.#nft;
  }

  [Symbol.dispose](): void {
    this.#nft?.[Symbol.dispose]();
    this.#nft = undefined;
  }
}
