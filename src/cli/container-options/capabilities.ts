const all = 'ALL';

export interface CapabilityChanges {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/**
 * --cap-add and --cap-drop as docker sends them: in capitals, with `CAP_`, each once, sorted. ALL stands for every other one;
 * a capability that is added and dropped is added.
 */
export function capabilityChanges(add: readonly string[], drop: readonly string[]): CapabilityChanges {
  const added = namesOf(add);
  return { add: added, drop: namesOf(drop).filter((name) => !added.includes(name)) };
}

function namesOf(given: readonly string[]): string[] {
  const names = new Set(given.filter((text) => text.trim() !== '').map(fullName));
  return names.has(all) ? [all] : [...names].sort();
}

function fullName(text: string): string {
  const name = text.trim().toUpperCase();
  return name === all || name.startsWith('CAP_') ? name : `CAP_${name}`;
}
