/** Whether an image was asked for by a name or by its ID. */
import { digestHex, isDigest } from '../../oci/digest.ts';
import { OciFormatError } from '../../oci/oci-format-error.ts';
import { familiar, parseReference, type Reference, withDigest } from '../../oci/reference.ts';
import type { LocalImage } from '../images/image-service.ts';

/** undefined: it was the ID. Docker's order: full ID, name, then a prefix of an ID. */
export function askedName(
  asked: string,
  { id, repoTags, repoDigests }: Pick<LocalImage, 'id' | 'repoTags' | 'repoDigests'>,
): Reference | undefined {
  const full = /^[a-f0-9]{64}$/.test(asked) ? `sha256:${asked}` : asked;
  if (isDigest(full)) return undefined;
  let reference: Reference;
  try {
    reference = parseReference(asked);
  } catch (error) {
    if (error instanceof OciFormatError) return undefined;
    throw error;
  }
  const name = familiar(reference.digest === undefined ? reference : withDigest(reference, reference.digest));
  if (repoTags.includes(name) || repoDigests.includes(name)) return reference;
  const isPrefix =
    isDigest(id) && /^(?:sha256:)?[a-f0-9]+$/.test(asked) && digestHex(id).startsWith(asked.replace('sha256:', ''));
  return isPrefix ? undefined : reference;
}
