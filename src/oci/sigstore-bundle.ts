/** Sigstore bundles: a signature with what it takes to verify it, in one document. Source: sigstore/protobuf-specs, sigstore_bundle.proto. */
import { base64Bytes } from './base64.ts';
import { type DsseEnvelope, dsseEnvelopeFromJson, maxEnvelopeChars } from './dsse-envelope.ts';
import { isJsonObject, malformed, optionalString, parseJsonObject, requiredString } from './json-fields.ts';
import { isBundleType } from './signature-artifacts.ts';

export interface SigstoreBundle {
  /** Who signed: the holder of a key that both sides know, or of a certificate (keyless). */
  readonly signer: { readonly kind: 'key'; readonly hint: string } | { readonly kind: 'certificate' };
  readonly content:
    | { readonly kind: 'dsse'; readonly envelope: DsseEnvelope }
    /** Over the bytes of the artifact itself. */
    | { readonly kind: 'message'; readonly signature: Uint8Array };
}

/** @throws OciFormatError 'manifest.invalid' */
export function parseSigstoreBundle(text: string): SigstoreBundle {
  const where = 'sigstore bundle';
  const json = parseJsonObject(text, where, maxEnvelopeChars);
  if (!isBundleType(requiredString(json, 'mediaType', where)))
    throw malformed(`${where}.mediaType`, 'that of a bundle');
  const { verificationMaterial: material, dsseEnvelope, messageSignature } = json;
  if (!isJsonObject(material)) throw malformed(`${where}.verificationMaterial`, 'an object');
  if (dsseEnvelope !== undefined && messageSignature !== undefined)
    throw malformed(where, 'one signature, not two kinds of it');
  const { publicKey } = material;
  const signer: SigstoreBundle['signer'] = isJsonObject(publicKey)
    ? { kind: 'key', hint: optionalString(publicKey, 'hint', `${where}.verificationMaterial.publicKey`) ?? '' }
    : { kind: 'certificate' };
  if (dsseEnvelope !== undefined)
    return { signer, content: { kind: 'dsse', envelope: dsseEnvelopeFromJson(dsseEnvelope) } };
  if (!isJsonObject(messageSignature)) throw malformed(where, 'with dsseEnvelope or messageSignature');
  const signature = base64Bytes(requiredString(messageSignature, 'signature', `${where}.messageSignature`));
  if (signature === undefined) throw malformed(`${where}.messageSignature.signature`, 'base64');
  return { signer, content: { kind: 'message', signature } };
}
