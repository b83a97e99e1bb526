/** The payload that cosign signs: which manifest, under which name. Source: containers/image, containers-signature.5; cosign's SIGNATURE_SPEC.md. */
import { type Digest, parseDigest } from './digest.ts';
import { isJsonObject, malformed, optionalString, parseJsonObject, requiredString } from './json-fields.ts';

export const maxSimpleSigningBytes = 64 * 1024;
const cosignType = 'cosign container image signature';

export interface SimpleSigningPayload {
  /** As the signer named it: a repository, at times with tag or digest; '' when it says none. */
  readonly dockerReference: string;
  readonly manifestDigest: Digest;
  /** What the signer added (`cosign sign -a`). */
  readonly annotations: Readonly<Record<string, string>>;
}

/** @throws OciFormatError 'manifest.invalid' | 'digest.invalid' */
export function parseSimpleSigning(text: string): SimpleSigningPayload {
  const where = 'signature payload';
  const { critical, optional } = parseJsonObject(text, where, maxSimpleSigningBytes);
  if (!isJsonObject(critical)) throw malformed(`${where}.critical`, 'an object');
  if (critical.type !== cosignType) throw malformed(`${where}.critical.type`, JSON.stringify(cosignType));
  const { identity, image } = critical;
  if (!isJsonObject(image)) throw malformed(`${where}.critical.image`, 'an object');
  if (identity !== undefined && identity !== null && !isJsonObject(identity))
    throw malformed(`${where}.critical.identity`, 'an object');
  return {
    dockerReference: isJsonObject(identity)
      ? (optionalString(identity, 'docker-reference', `${where}.critical.identity`) ?? '')
      : '',
    manifestDigest: parseDigest(requiredString(image, 'docker-manifest-digest', `${where}.critical.image`)),
    annotations: Object.fromEntries(
      Object.entries(isJsonObject(optional) ? optional : {}).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
  };
}
