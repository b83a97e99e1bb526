/** Names of plugins: what one is called here, and where it came from. */
import { WharfError } from '../../contract/errors.ts';
import { familiar, parseReference, type Reference } from '../../oci/reference.ts';

/** @throws WharfError 'plugin.invalid' with Docker's text */
export function parsePluginName(text: string): Reference {
  try {
    return parseReference(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('plugin.invalid', `failed to parse reference ${text}: ${why}`, { cause, status: 500 });
  }
}

/** The name it is to have here. @throws WharfError 'plugin.invalid' */
export function localName(reference: Reference, given: string): string {
  if (given === '') return familiar({ domain: reference.domain, path: reference.path, tag: reference.tag ?? 'latest' });
  const parsed = parseReference(given);
  if (parsed.digest === undefined) return familiar(parsed);
  throw new WharfError('plugin.invalid', 'cannot use digest in plugin tag', { status: 500 });
}

export function canonicalRemote({ domain, path, tag, digest }: Reference): string {
  return `${domain}/${path}${digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`}`;
}
