/** DSSE envelopes: a payload with signatures over its type and bytes. Source: secure-systems-lab/dsse, envelope.md and protocol.md. */
import { base64Bytes } from './base64.ts';
import { isJsonObject, malformed, objectList, parseJsonObject, requiredString } from './json-fields.ts';

export const inTotoPayloadType = 'application/vnd.in-toto+json';
/** Attestations hold bills of materials, which are long. */
export const maxEnvelopeChars = 16 * 1024 * 1024;
/** Each is tried with each key over the whole payload. */
const maxSignatures = 8;

export interface DsseEnvelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

/** @throws OciFormatError 'manifest.invalid' */
export function parseDsseEnvelope(text: string): DsseEnvelope {
  return dsseEnvelopeFromJson(parseJsonObject(text, 'DSSE envelope', maxEnvelopeChars));
}

/** @throws OciFormatError 'manifest.invalid' */
export function dsseEnvelopeFromJson(json: unknown): DsseEnvelope {
  const where = 'DSSE envelope';
  if (!isJsonObject(json)) throw malformed(where, 'a JSON object');
  const payloadType = requiredString(json, 'payloadType', where);
  // Its length in characters is its length in bytes only while it is ASCII, as every media type is.
  if (!/^[\x21-\x7e]{1,200}$/.test(payloadType)) throw malformed(`${where}.payloadType`, 'a media type');
  const payload = bytesOf(requiredString(json, 'payload', where), `${where}.payload`);
  const signatures = objectList(json, 'signatures', where, maxSignatures).map((signature, at) =>
    bytesOf(requiredString(signature, 'sig', `${where}.signatures[${at}]`), `${where}.signatures[${at}].sig`),
  );
  if (signatures.length === 0) throw malformed(`${where}.signatures`, 'at least one');
  return { payloadType, payload, signatures };
}

/** What the signatures are over: `DSSEv1 <length of type> <type> <length of payload> <payload>`. */
export function preAuthEncoding({ payloadType, payload }: DsseEnvelope): Uint8Array {
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  const bytes = new Uint8Array(head.length + payload.length);
  for (let at = 0; at < head.length; at++) bytes[at] = head.charCodeAt(at);
  bytes.set(payload, head.length);
  return bytes;
}

function bytesOf(text: string, where: string): Uint8Array {
  const bytes = base64Bytes(text);
  if (bytes === undefined) throw malformed(where, 'base64');
  return bytes;
}
