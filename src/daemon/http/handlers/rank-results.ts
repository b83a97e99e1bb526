/**
 * The order of merged search results. Registries rank their own; over several only what all tell can be compared: how well
 * the words fit, whether Docker Hub calls it official, and stars. Where that is equal, a registry's own order stays.
 */
import type { RegistrySearchResult } from '../../../registry/client/registry-client.ts';

/** @param platformAsked then what tells a platform comes before what tells none, which may be for another one */
export function rankResults(
  results: readonly RegistrySearchResult[],
  term: string,
  platformAsked: boolean,
): readonly RegistrySearchResult[] {
  const words = term.toLowerCase().split(/\s+/).filter(Boolean);
  return results
    .map((result, at) => ({ result, at, distance: distanceOf(result, words) }))
    .sort(
      (a, b) =>
        (platformAsked ? Number(a.result.platforms.length === 0) - Number(b.result.platforms.length === 0) : 0) ||
        a.distance - b.distance ||
        Number(b.result.official) - Number(a.result.official) ||
        b.result.stars - a.result.stars ||
        a.at - b.at,
    )
    .map(({ result }) => result);
}

/** 0 for the very name; what fits worse is further away. */
function distanceOf(result: RegistrySearchResult, words: readonly string[]): number {
  const name = result.name.toLowerCase();
  const short = name.slice(name.lastIndexOf('/') + 1);
  const title = result.title.toLowerCase();
  let distance = 0;
  for (const word of words) {
    if (name === word || short === word) distance += 0;
    else if (short.startsWith(word) || title.startsWith(word)) distance += 1;
    else if (name.includes(word) || title.includes(word)) distance += 2;
    else distance += 3;
  }
  return distance;
}
