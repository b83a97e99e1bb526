/** Which capabilities a container gets: Docker's defaults, what is added and what is dropped. */
import { capabilityNames } from '../linux/capabilities.ts';
import { defaultCapabilities } from './spec-defaults.ts';

export interface CapabilityChoice {
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
}

/** 'net_admin' and 'CAP_NET_ADMIN' as 'CAP_NET_ADMIN', any 'all' as 'ALL'; undefined for what no kernel knows. */
export function normalizeCapability(given: string): string | undefined {
  const upper = given.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  return capabilityNames.find((known) => known === full);
}

/**
 * Docker's rules: privileged has all; else the defaults, minus the dropped, plus the added; `ALL` in either list works on
 * everything first.
 * @param host.capabilities what the daemon itself may hand on
 */
export function effectiveCapabilities(
  choice: CapabilityChoice,
  { capabilities: available }: { readonly capabilities: readonly string[] },
): readonly string[] {
  if (choice.privileged) return available;
  const add = choice.capAdd.flatMap((name) => normalizeCapability(name) ?? []);
  const drop = choice.capDrop.flatMap((name) => normalizeCapability(name) ?? []);
  const base = add.includes('ALL') ? available : drop.includes('ALL') ? [] : defaultCapabilities;
  const kept = base.filter((name) => !drop.includes(name));
  const added = add.filter((name) => name !== 'ALL' && !kept.includes(name));
  return [...kept, ...added].filter((name) => available.includes(name));
}
