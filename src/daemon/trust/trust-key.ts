/** Public keys that may sign, and whether one made a signature. */
import { constants, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { WharfError } from '../../contract/errors.ts';

export interface TrustKey {
  readonly name: string;
  /** `ECDSA P-256`, `Ed25519`, `RSA 3072`. */
  readonly algorithm: string;
  /** SHA-256 of the key's DER, in hexadecimal: what a key is known by when its name has changed. */
  readonly fingerprint: string;
  readonly publicKey: KeyObject;
  /** Milliseconds since the epoch; from then on it counts for nothing. */
  readonly expiresAtMs: number | undefined;
}

const minRsaBits = 2048;

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/**
 * @param pem of a public key alone: a certificate's validity would be passed over, and a private key does not belong here
 * @throws WharfError 'trust.policy-broken'
 */
export function parseTrustKey(name: string, pem: string, expiresAtMs: number | undefined): TrustKey {
  const label = /-----BEGIN ([A-Z ]+)-----/.exec(pem)?.[1];
  if (label === undefined) throw unusable(name, 'it is no PEM');
  if (label !== 'PUBLIC KEY' && label !== 'RSA PUBLIC KEY')
    throw unusable(name, `it holds a ${label.toLowerCase()}, not a public key`);
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw unusable(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const fingerprint = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return { name, algorithm: algorithmOf(name, publicKey), fingerprint, publicKey, expiresAtMs };
}

function algorithmOf(name: string, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'ed25519') return 'Ed25519';
  if (asymmetricKeyType === 'ec') {
    const curve = curves[asymmetricKeyDetails?.namedCurve ?? ''];
    if (curve !== undefined) return `ECDSA ${curve}`;
    throw unusable(name, `the curve ${asymmetricKeyDetails?.namedCurve ?? ''} is not one of P-256, P-384, P-521`);
  }
  if (asymmetricKeyType === 'rsa') {
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits >= minRsaBits) return `RSA ${bits}`;
    throw unusable(name, `an RSA key of ${bits} bits is too weak (at least ${minRsaBits})`);
  }
  throw unusable(name, `keys of type ${asymmetricKeyType} are not supported (ECDSA, Ed25519 and RSA are)`);
}

function unusable(name: string, why: string, cause?: unknown): WharfError {
  return new WharfError('trust.policy-broken', `the key ${JSON.stringify(name)} can not be used: ${why}`, { cause });
}

/** cosign hashes with SHA-256 whatever the key; sigstore's newer clients take the hash that fits the curve. */
const ecHashes: Readonly<Record<string, readonly string[]>> = {
  'ECDSA P-256': ['sha256'],
  'ECDSA P-384': ['sha256', 'sha384'],
  'ECDSA P-521': ['sha256', 'sha512'],
};

/** Whether this key made `signature` over `data`, in one of the schemes that go with its type. */
export function isSignedBy(key: TrustKey, data: Uint8Array, signature: Uint8Array): boolean {
  const { publicKey } = key;
  const made = (hash: string | null, options: object = {}) => {
    try {
      return verify(hash, data, { key: publicKey, ...options }, signature);
    } catch {
      // A signature that is not even of the right form.
      return false;
    }
  };
  if (key.algorithm === 'Ed25519') return made(null);
  const hashes = ecHashes[key.algorithm];
  if (hashes !== undefined) return hashes.some((hash) => made(hash, { dsaEncoding: 'der' }));
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return made('sha256', { padding: constants.RSA_PKCS1_PADDING }) || made('sha256', pss);
}
