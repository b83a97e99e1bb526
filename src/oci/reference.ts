/**
 * Image references, to the grammar and the texts of the distribution project's `reference` package, which docker uses:
 *
 *     reference := name [":" tag] ["@" digest]        name := [domain "/"] path
 *
 * A name's first part is a domain when it holds "." or ":", is "localhost", or has upper-case letters; without one it is
 * docker.io, and there a path of one part lives under "library/".
 */
import { type Digest, parseDigest } from './digest.ts';
import { OciFormatError } from './oci-format-error.ts';

export interface Reference {
  /** `docker.io`, `ghcr.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Repository, with `library/` where docker.io implies it. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export const defaultDomain = 'docker.io';
export const defaultTag = 'latest';
const legacyDefaultDomain = 'index.docker.io';
const officialPrefix = 'library/';
const maxPathLength = 255;
const maxReferenceLength = 4096;

const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainPattern = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const pathPattern = `${pathComponent}(?:/${pathComponent})*`;
const tagPattern = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digestPattern = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const referenceForm = new RegExp(`^(${domainPattern})/(${pathPattern})(?::(${tagPattern}))?(?:@(${digestPattern}))?$`);
const pathForm = new RegExp(`^${pathPattern}$`);
const tagForm = new RegExp(`^${tagPattern}$`);

function invalid(message: string): OciFormatError {
  return new OciFormatError(
    'reference.invalid',
    message,
    'A reference looks like [registry/]name[:tag][@digest], name in lower case.',
  );
}

function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const rest = text.slice(slash + 1);
  let domain = defaultDomain;
  let remainder = text;
  if (first === legacyDefaultDomain) remainder = rest;
  else if (first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first) {
    domain = first;
    remainder = rest;
  }
  if (domain === defaultDomain && !remainder.includes('/')) remainder = officialPrefix + remainder;
  return { domain, remainder };
}

/**
 * As written: neither tag nor digest is implied.
 * @throws OciFormatError 'reference.invalid' with docker's text
 */
export function parseNamed(text: string): Reference {
  if (text.length > maxReferenceLength) throw invalid('invalid reference format');
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const colon = remainder.indexOf(':');
  const remote = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote) {
    throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  const match = referenceForm.exec(`${domain}/${remainder}`);
  if (match === null) throw invalid('invalid reference format');
  const [, host = '', path = '', tag, digest] = match;
  if (path.length > maxPathLength) throw invalid('repository name must not be more than 255 characters');
  return {
    domain: host,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: parseReferenceDigest(digest) }),
  };
}

function parseReferenceDigest(text: string): Digest {
  try {
    return parseDigest(text);
  } catch {
    // docker says the same of a digest that is too short, too long or of an unknown algorithm.
    throw invalid('invalid reference format');
  }
}

/**
 * With the tag `latest` when neither tag nor digest is written.
 * @throws OciFormatError 'reference.invalid' with docker's text
 */
export function parseReference(text: string): Reference {
  const named = parseNamed(text);
  return named.tag === undefined && named.digest === undefined ? { ...named, tag: defaultTag } : named;
}

export function withTag(reference: Reference, tag: string): Reference {
  if (!isTag(tag)) throw invalid('invalid tag format');
  return { domain: reference.domain, path: reference.path, tag };
}

export function withDigest(reference: Reference, digest: Digest): Reference {
  return { domain: reference.domain, path: reference.path, digest };
}

export function isTag(text: string): boolean {
  return tagForm.test(text);
}

/** Whether `text` may be a repository's path in a registry. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= maxPathLength && pathForm.test(text);
}

/** `docker.io/library/busybox`. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `docker.io/library/busybox:latest`, with the digest where there is one. */
export function canonical(reference: Reference): string {
  return canonicalName(reference) + suffix(reference);
}

/** The name as docker prints it: `busybox`, `wharf/tool`, `ghcr.io/a/b`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== defaultDomain) return canonicalName(reference);
  const short = reference.path.startsWith(officialPrefix)
    ? reference.path.slice(officialPrefix.length)
    : reference.path;
  // `library/a/b` needs its prefix: `a/b` would mean another repository.
  return short.includes('/') && short !== reference.path ? reference.path : short;
}

/** `busybox:latest`, `ghcr.io/a/b@sha256:...`. */
export function familiar(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** What a registry is asked for: the digest where there is one, else the tag. */
export function manifestSelector(reference: Reference): string {
  return reference.digest ?? reference.tag ?? defaultTag;
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  return reference.digest === undefined ? tag : `${tag}@${reference.digest}`;
}
