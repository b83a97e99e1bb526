/**
 * The daemon's nftables table in the kernel (firewall-text.ts draws it). The whole text can be made again from what this
 * object knows, which is how a table that someone flushed comes back.
 */
import { isWharfError } from '../../contract/errors.ts';
import { type Nftables, openNftables } from '../linux/nftables.ts';
import {
  type BridgeRules,
  bridgeElements,
  type Elements,
  firewallText,
  isIpv6Set,
  keyOf,
  type PublishedRule,
  publishedElements,
} from './firewall-text.ts';
import { acceptForwarding, retractForwarding } from './foreign-firewall.ts';

export function firewallTable(instance: string): string {
  return instance === '' ? 'wharf' : `wharf_${instance}`;
}

const ruleKey = (rule: PublishedRule): string =>
  `${rule.protocol} ${rule.hostAddress} ${rule.hostPort} ${rule.containerAddress} ${rule.containerPort}`;

export interface FirewallOptions {
  /** False (--iptables=false): no rules at all; their owner makes what is needed. */
  readonly enabled: boolean;
  /** False (--ip6tables=false): IPv6 is left alone. */
  readonly ipv6: boolean;
}

export class Firewall implements Disposable {
  readonly table: string;
  readonly #enabled: boolean;
  readonly #ipv6: boolean;
  readonly #bridges = new Map<string, BridgeRules>();
  readonly #ports = new Map<string, PublishedRule>();
  #nft: Nftables | undefined;
  #applied = false;

  constructor(instance: string, options: FirewallOptions = { enabled: true, ipv6: true }) {
    this.table = firewallTable(instance);
    this.#enabled = options.enabled;
    this.#ipv6 = options.ipv6;
  }

  /** Puts the whole table in place. @throws WharfError 'kernel.failed' | 'kernel.denied' */
  apply(): void {
    if (!this.#enabled) return;
    this.#kernel().run(
      firewallText(this.table, [...this.#bridges.values()], [...this.#ports.values()], { ipv6: this.#ipv6 }),
    );
    this.#applied = true;
    acceptForwarding(this.#kernel(), [...this.#bridges.keys()]);
  }

  /**
   * Puts back what somebody took away: the table, and the rules in tables of others. @returns whether the table was gone
   * @throws WharfError 'kernel.failed' | 'kernel.denied'
   */
  repair(): boolean {
    if (!this.#enabled || !this.#applied) return false;
    if (this.#isThere()) {
      acceptForwarding(this.#kernel(), [...this.#bridges.keys()]);
      return false;
    }
    this.apply();
    return true;
  }

  /** A flushed table still has its chains, but no rules. */
  #isThere(): boolean {
    try {
      return this.#kernel().run(`list chain inet ${this.table} forward`).includes('oifname @bridges drop');
    } catch (error) {
      if (isWharfError(error, 'kernel.failed')) return false;
      throw error;
    }
  }

  addBridge(rules: BridgeRules): void {
    const known = this.#bridges.get(rules.bridge);
    this.#bridges.set(rules.bridge, rules);
    if (known !== undefined) this.#change('delete', bridgeElements(known).map(keyOf));
    this.#change('add', bridgeElements(rules));
    if (this.#enabled) acceptForwarding(this.#kernel(), [rules.bridge]);
  }

  removeBridge(bridge: string): void {
    if (!this.#enabled) return;
    // Also when this daemon never made it: an earlier one may have died half-way.
    retractForwarding(this.#kernel(), [bridge]);
    const rules = this.#bridges.get(bridge);
    if (rules === undefined) return;
    this.#bridges.delete(bridge);
    this.#change('delete', bridgeElements(rules).map(keyOf));
  }

  /** @throws WharfError 'kernel.failed'; then the rules are not there */
  publish(rules: readonly PublishedRule[]): void {
    for (const rule of rules) this.#ports.set(ruleKey(rule), rule);
    try {
      this.#change('add', unique(rules.flatMap(publishedElements)));
    } catch (error) {
      for (const rule of rules) this.#ports.delete(ruleKey(rule));
      throw error;
    }
  }

  unpublish(rules: readonly PublishedRule[]): void {
    const known = rules.filter((rule) => this.#ports.delete(ruleKey(rule)));
    const gone = unique(known.flatMap(publishedElements).map(keyOf));
    const left = this.#elementsOf(known);
    this.#change(
      'delete',
      gone.filter(([set, key]) => !left.has(`${set} ${key}`)),
    );
  }

  /** What other published ports of the same containers still need. */
  #elementsOf(gone: readonly PublishedRule[]): ReadonlySet<string> {
    const addresses = new Set(gone.map((rule) => rule.containerAddress));
    const kept = [...this.#ports.values()].filter((rule) => addresses.has(rule.containerAddress));
    return new Set(kept.flatMap(publishedElements).map((element) => keyOf(element).join(' ')));
  }

  /** Takes the table out of the kernel. */
  remove(): void {
    if (!this.#enabled) return;
    retractForwarding(this.#kernel(), [...this.#bridges.keys()]);
    this.#kernel().run(`add table inet ${this.table}\ndelete table inet ${this.table}\n`);
    this.#applied = false;
  }

  #change(verb: 'add' | 'delete', elements: Elements): void {
    if (!this.#enabled) return;
    if (!this.#applied) {
      this.apply();
      return;
    }
    const lines = elements
      .filter(([set]) => this.#ipv6 || !isIpv6Set(set))
      .map(([set, element]) => `${verb} element inet ${this.table} ${set} { ${element} }`);
    if (lines.length === 0) return;
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

function unique(elements: Elements): Elements {
  return [...new Map(elements.map((element) => [element.join(' '), element])).values()];
}
