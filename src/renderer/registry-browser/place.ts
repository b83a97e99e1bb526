/** Where in a registry somebody is, as it stands in the address: nothing, `team/app`, `team/app:1.0`, `team/app@sha256:…`. */
export type Place =
  | { readonly kind: 'repositories' }
  | { readonly kind: 'repository'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string };

export const everything: Place = { kind: 'repositories' };

export function parsePlace(text: string): Place {
  if (text === '') return everything;
  const digest = text.indexOf('@');
  if (digest > 0) return { kind: 'manifest', name: text.slice(0, digest), reference: text.slice(digest + 1) };
  const tag = text.indexOf(':');
  if (tag > 0) return { kind: 'manifest', name: text.slice(0, tag), reference: text.slice(tag + 1) };
  return { kind: 'repository', name: text };
}

export function formatPlace(place: Place): string {
  switch (place.kind) {
    case 'repositories':
      return '';
    case 'repository':
      return place.name;
    case 'manifest':
      return imageName(place.name, place.reference);
  }
}

/** `team/app` and `1.0`, or a digest, as one writes them. */
export function imageName(name: string, reference: string): string {
  return `${name}${reference.includes(':') ? '@' : ':'}${reference}`;
}

/** What to type after `docker pull`. */
export function pullName(address: string, name: string, reference?: string): string {
  const full = address === '' ? name : `${address}/${name}`;
  return reference === undefined ? full : imageName(full, reference);
}
