/** Patterns of the settings file, for repositories and tags. */

/** `team/app`, `team/*` (all below team/), `*` (all). */
export function matchesRepository(pattern: string, repository: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('/*') ? repository.startsWith(pattern.slice(0, -1)) : pattern === repository;
}

/** `v1.2`, `v*`, `*-rc`, `pr-*-arm64`: a star is any text, also none. Linear in the tag, whatever the pattern. */
export function matchesTag(pattern: string, tag: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return tag === pattern;
  const last = rest.pop() ?? '';
  if (!tag.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = tag.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return tag.length - last.length >= at && tag.endsWith(last);
}
