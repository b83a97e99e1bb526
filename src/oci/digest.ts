/**
 * Content digests, `algorithm:hex`. Source: OCI image spec, descriptor.md "Digests"; error texts as go-digest's.
 * Hashing itself needs node:crypto and lives with its users.
 */
import { OciFormatError } from './oci-format-error.ts';

declare const digestBrand: unique symbol;
/** A well-formed digest of a registered algorithm; made only by `parseDigest` and `sha256Digest`. */
export type Digest = string & { readonly [digestBrand]: true };

const form = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const hexLengths: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

function problemOf(text: string): string | undefined {
  if (!form.test(text)) return 'invalid checksum digest format';
  const length = hexLengths.get(text.slice(0, text.indexOf(':')));
  if (length === undefined) return 'unsupported digest algorithm';
  const hex = text.slice(text.indexOf(':') + 1);
  if (hex.length !== length) return 'invalid checksum digest length';
  return /^[a-f0-9]+$/.test(hex) ? undefined : 'invalid checksum digest format';
}

export function isDigest(text: string): text is Digest {
  return problemOf(text) === undefined;
}

/** @throws OciFormatError 'digest.invalid' */
export function parseDigest(text: string): Digest {
  const problem = problemOf(text);
  if (problem !== undefined)
    throw new OciFormatError('digest.invalid', `${problem}: ${JSON.stringify(text.slice(0, 200))}`);
  return text as Digest;
}

/** The digest of a SHA-256 sum given as 64 lower-case hex digits. @throws OciFormatError 'digest.invalid' */
export function sha256Digest(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}

/** `sha256`, `sha384` or `sha512`: names node:crypto knows too. */
export function digestAlgorithm(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
