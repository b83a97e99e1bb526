/** Collects what a registry holds beside a manifest: cosign's tags, and referrers. Bounded, for anybody may attach anything. */
import { isWharfError, type WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { type Reference, withDigest, withTag } from '../../oci/reference.ts';
import {
  attestationTag,
  certificateAnnotations,
  isBundleType,
  mayHoldSignatures,
  signatureAnnotation,
  signatureTag,
  signatureTypes,
} from '../../oci/signature-artifacts.ts';
import { maxSimpleSigningBytes } from '../../oci/simple-signing.ts';
import type { RegistryClient, RequestOptions } from '../../registry/client/registry-client.ts';
import type { CandidateOrigin, SignatureCandidate, Subject } from './signature-candidate.ts';

/** Artifacts of one image that are looked into, and layers of each. */
const maxArtifacts = 64;
const maxLayers = 64;
/** Of a DSSE envelope or bundle; a bill of materials is some MiB. */
const maxDocumentBytes = 8 * 1024 * 1024;
const maxTotalBytes = 32 * 1024 * 1024;

export interface FindOptions extends RequestOptions {
  /** Where the manifest came from: asked first. */
  readonly endpoint?: string;
}

type Registry = Pick<RegistryClient, 'fetchManifest' | 'fetchBlob' | 'referrers'>;

/** @throws WharfError of the registry client when it can not be asked: nobody knows then whether there are signatures */
export async function findSignatures(
  registry: Registry,
  reference: Reference,
  { digest }: Pick<Subject, 'digest'>,
  options: FindOptions,
): Promise<readonly SignatureCandidate[]> {
  const room = { bytes: maxTotalBytes };
  const tagged = async (tag: string) => {
    const artifact = await manifestOf(registry, withTag(reference, tag), options);
    return artifact === undefined ? [] : await layersOf(registry, reference, 'tag', artifact, options, room);
  };
  const found: SignatureCandidate[] = [];
  found.push(...(await tagged(signatureTag(digest))));
  found.push(...(await tagged(attestationTag(digest))));
  const referrers = await registry.referrers(reference, digest, options);
  for (const { digest: artifact } of referrers.filter(isWorthALook).slice(0, maxArtifacts)) {
    const manifest = await manifestOf(registry, withDigest(reference, artifact), options);
    if (manifest !== undefined)
      found.push(...(await layersOf(registry, reference, 'referrers', manifest, options, room)));
  }
  return found;
}

function isWorthALook({ artifactType }: Descriptor): boolean {
  return mayHoldSignatures(artifactType);
}

type Artifact = Awaited<ReturnType<RegistryClient['fetchManifest']>>;

async function manifestOf(
  registry: Registry,
  reference: Reference,
  { auth, signal }: FindOptions,
): Promise<Artifact | undefined> {
  try {
    return await registry.fetchManifest(reference, { auth, signal });
  } catch (error) {
    if (isWharfError(error, 'manifest.unknown')) return undefined;
    throw error;
  }
}

async function layersOf(
  registry: Registry,
  reference: Reference,
  foundBy: CandidateOrigin['foundBy'],
  artifact: Artifact,
  options: FindOptions,
  room: { bytes: number },
): Promise<readonly SignatureCandidate[]> {
  const origin: CandidateOrigin = { foundBy, artifact: artifact.descriptor.digest };
  const found: SignatureCandidate[] = [];
  try {
    const manifest = parseManifest(Buffer.from(artifact.bytes).toString('utf8'), artifact.descriptor.mediaType);
    if (manifest.kind === 'index') return [];
    for (const layer of manifest.layers.slice(0, maxLayers)) {
      const candidate = await candidateOf(registry, reference, layer, options, room);
      if (candidate !== undefined) found.push({ ...origin, ...candidate });
    }
  } catch (error) {
    // What is wrong with one artifact is no reason to overlook the others.
    if (!isWharfError(error) || !isArtifactsFault(error)) throw error;
    found.push({ ...origin, kind: 'unreadable', problem: error.message });
  }
  return found;
}

/** Not the network's: what was stored makes no sense. */
function isArtifactsFault({ code }: WharfError): boolean {
  return (
    code === 'manifest.invalid' ||
    code === 'digest.invalid' ||
    code === 'image.unsupported' ||
    code === 'digest.mismatch' ||
    code === 'size.mismatch' ||
    code === 'manifest.unknown'
  );
}

type Content = SignatureCandidate extends infer C
  ? C extends unknown
    ? Omit<C, keyof CandidateOrigin>
    : never
  : never;

async function candidateOf(
  registry: Registry,
  reference: Reference,
  layer: Descriptor,
  options: FindOptions,
  room: { bytes: number },
): Promise<Content | undefined> {
  const { mediaType, annotations = {}, size } = layer;
  const isPayload = mediaType === signatureTypes.simpleSigning;
  if (!isPayload && mediaType !== signatureTypes.dsse && !isBundleType(mediaType)) return undefined;
  const signature = annotations[signatureAnnotation] ?? '';
  if (isPayload && signature === '') return { kind: 'unreadable', problem: 'it has a payload without a signature' };
  if (size > (isPayload ? maxSimpleSigningBytes : maxDocumentBytes) || size > room.bytes)
    return { kind: 'unreadable', problem: `its document is too large (${size} bytes)` };
  room.bytes -= size;
  const bytes = await bytesOf(registry, reference, layer, options);
  const hasCertificate = certificateAnnotations.some((name) => (annotations[name] ?? '') !== '');
  if (isPayload) return { kind: 'simple-signing', payload: bytes, signature, hasCertificate };
  if (mediaType === signatureTypes.dsse) return { kind: 'dsse', envelope: bytes.toString('utf8'), hasCertificate };
  return { kind: 'bundle', bundle: bytes.toString('utf8') };
}

/** Their digest is checked by the client when the last one has come. */
async function bytesOf(
  registry: Registry,
  reference: Reference,
  layer: Descriptor,
  { auth, signal, endpoint }: FindOptions,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await registry.fetchBlob(reference, layer, { auth, signal, endpoint })) parts.push(part);
  return Buffer.concat(parts);
}
