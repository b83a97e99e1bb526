/**
 * Getting along with a firewall of the host that drops what it does not know (dockerd, ufw): policy drop of the chain FORWARD
 * in iptables' own table, `ip filter`. An accept in Wharf's table can not overrule that drop, so each bridge gets two
 * accepting rules there; what may really pass is still decided by Wharf's own table, which sees every packet too.
 *
 * The rules are written so that iptables can read and show them (interface and verdict only): anything it does not
 * know would make its whole table unusable for its owner. Without such a chain, or with another policy, nothing is touched.
 */
import { isWharfError } from '../../contract/errors.ts';
import type { Nftables } from '../linux/nftables.ts';

const chain = 'ip filter FORWARD';
const directions = ['iifname', 'oifname'] as const;

/** Adds what is missing for these bridges. */
export function acceptForwarding(nft: Nftables, bridges: readonly string[]): void {
  const listing = listForwardChain(nft);
  if (listing === undefined || !/policy drop;/.test(listing)) return;
  const lines = bridges.flatMap((bridge) =>
    directions
      .filter((direction) => findHandles(listing, direction, bridge).length === 0)
      .map((direction) => `insert rule ${chain} ${direction} "${bridge}" counter accept`),
  );
  if (lines.length > 0) nft.run(`${lines.join('\n')}\n`);
}

/** Takes out what `acceptForwarding` added for these bridges. */
export function retractForwarding(nft: Nftables, bridges: readonly string[]): void {
  const listing = listForwardChain(nft);
  if (listing === undefined) return;
  const handles = bridges.flatMap((bridge) =>
    directions.flatMap((direction) => findHandles(listing, direction, bridge)),
  );
  if (handles.length > 0) nft.run(`${handles.map((handle) => `delete rule ${chain} handle ${handle}`).join('\n')}\n`);
}

/** @returns undefined when the host has no such chain */
function listForwardChain(nft: Nftables): string | undefined {
  try {
    return nft.run(`list chain ${chain}`);
  } catch (error) {
    if (isWharfError(error, 'kernel.failed')) return undefined;
    throw error;
  }
}

const ourRule = /^\s*([io]ifname) "([^"]+)" counter packets \d+ bytes \d+ accept # handle (\d+)$/gm;

/** Handles of rules that are exactly ours: interface, counter, accept. */
function findHandles(listing: string, direction: (typeof directions)[number], bridge: string): string[] {
  return [...listing.matchAll(ourRule)].flatMap(([, key, name, handle]) =>
    key === direction && name === bridge && handle !== undefined ? [handle] : [],
  );
}
