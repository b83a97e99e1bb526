import { parseNamed } from '../../oci/reference.ts';

/** The registry a name leads to; an ID, which the engine knows, leads to none of interest. */
export function domainOf(name: string): string {
  try {
    return parseNamed(name).domain;
  } catch {
    // The engine says what is wrong with it.
    return 'docker.io';
  }
}
