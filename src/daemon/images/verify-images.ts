/**
 * `wharf image verify`: every blob is hashed again, and every unpacked layer compared with what its blob unpacks to now.
 * With `repair` what is damaged or missing comes anew: configs from the database, other blobs from a registry that had them,
 * layers from their blobs.
 *
 *     blobs ──► hash ──► damaged or missing ──► (fetched beside it, verified, renamed over it)
 *     layers, lower ones first ──► unpacked beside ──► compared ──► (put in its place, unless a running root stands on it)
 *
 * Nothing here is needed to come to an end: what is cut leaves the stores as they were, or one thing better.
 */
import { Readable } from 'node:stream';
import type { VerifyFinding, VerifySummary } from '../../contract/engine-types.ts';
import { isWharfError } from '../../contract/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseNamed, withDigest } from '../../oci/reference.ts';
import type { ImageParts } from './image-parts.ts';
import { shortId } from './image-record.ts';
import type { VerifyOptions } from './image-service.ts';
import { LayerProgress } from './progress-lines.ts';
import { type PlannedBlob, type PlannedLayer, planVerify } from './verify-plan.ts';

/** @throws WharfError 'image.not-found' | 'image.ambiguous', before the first line */
export async function verifyImages(parts: ImageParts, options: VerifyOptions): Promise<VerifySummary> {
  const plan = planVerify(parts, options.names);
  // Images that are removed meanwhile are looked at all the same.
  using lease = parts.content.lease();
  using pin = parts.pins.open();
  for (const { digest } of plan.blobs) lease.add(digest);
  for (const { layer } of plan.layers) pin.add(layer.chainId);
  const verify = new Verify(parts, options);
  for (const blob of plan.blobs) await verify.blob(blob);
  if (!options.blobsOnly) for (const planned of plan.layers) await verify.layer(planned);
  return verify.summary;
}

class Verify {
  readonly #parts: ImageParts;
  readonly #options: VerifyOptions;
  readonly #findings: VerifyFinding[] = [];
  /** Blobs that are not what they should be, and can't be made so. */
  readonly #bad = new Set<Digest>();
  #blobs = 0;
  #layers = 0;
  #bytes = 0;

  constructor(parts: ImageParts, options: VerifyOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get summary(): VerifySummary {
    return { Blobs: this.#blobs, Layers: this.#layers, Bytes: this.#bytes, Findings: this.#findings };
  }

  async blob(blob: PlannedBlob): Promise<void> {
    const { signal, onProgress } = this.#options;
    this.#blobs++;
    const progress = new LayerProgress(blob.digest, onProgress);
    const size = (await this.#parts.content.info(blob.digest))?.sizeBytes ?? 0;
    const damage = await this.#parts.content.check(blob.digest, {
      signal,
      onBytes: (read) => progress.move('Hashing', read, size),
    });
    this.#bytes += size;
    if (damage === undefined) {
      if (size > 0) progress.say('Verified');
      return;
    }
    const Detail = damage.kind === 'missing' ? 'there is no such blob' : damage.what;
    const reason = this.#options.repair ? await this.#renew(blob, progress) : 'it was not asked for';
    if (reason !== undefined) this.#bad.add(blob.digest);
    this.#tell(
      { Kind: blob.kind, Digest: blob.digest, Image: blob.image, Problem: damage.kind, Detail, Repaired: false },
      reason,
      progress,
    );
  }

  /** Answers why it could not be done. */
  async #renew(blob: PlannedBlob, progress: LayerProgress): Promise<string | undefined> {
    const { images, content } = this.#parts;
    const { signal } = this.#options;
    const config = blob.kind === 'config' ? images.configBytes(blob.digest) : undefined;
    const failures: string[] = [];
    if (config !== undefined) {
      const reason = await this.#attempt(async () => {
        const source = async () => Readable.from([Buffer.from(config)], { objectMode: false });
        await content.ingest({ digest: blob.digest, size: config.length }, source, { signal, replace: true });
      });
      if (reason === undefined) return undefined;
      failures.push(reason);
    }
    const from = [...images.originsOf(blob.digest), ...images.repositoriesOf(blob.digest), ...blob.repositories];
    for (const repository of new Set(from)) {
      const reason = await this.#attempt(() => this.#fetch(blob, repository, progress));
      if (reason === undefined) return undefined;
      failures.push(`${repository}: ${reason}`);
    }
    return failures.join('; ') || 'no registry is known to have it';
  }

  async #fetch(blob: PlannedBlob, repository: string, progress: LayerProgress): Promise<void> {
    const { content, registry } = this.#parts;
    const { signal, authFor } = this.#options;
    const reference = parseNamed(repository);
    const auth = authFor(reference.domain);
    if (blob.kind === 'manifest' || blob.kind === 'index') {
      const { bytes } = await registry.fetchManifest(withDigest(reference, blob.digest), { auth, signal });
      const source = async () => Readable.from([Buffer.from(bytes)], { objectMode: false });
      await content.ingest({ digest: blob.digest, size: bytes.byteLength }, source, { signal, replace: true });
      return;
    }
    const size = blob.size ?? 0;
    await content.ingest(
      { digest: blob.digest, size },
      (offset, ingestSignal) => {
        const descriptor = { mediaType: blob.mediaType, digest: blob.digest, size };
        return registry.fetchBlob(reference, descriptor, { auth, signal: ingestSignal, offset, verifyDigest: false });
      },
      { signal, replace: true, onBytes: (received) => progress.move('Downloading', received, size) },
    );
  }

  async layer({ layer, parent, image }: PlannedLayer): Promise<void> {
    const { snapshots, content } = this.#parts;
    const { signal, repair, onProgress } = this.#options;
    const { chainId, diffId, blob } = layer;
    this.#layers++;
    const progress = new LayerProgress(chainId, onProgress);
    const finding = { Kind: 'unpacked layer', Digest: chainId, Image: image, Repaired: false } as const;
    const isHere = snapshots.hasLayer(chainId);
    if (this.#bad.has(blob.digest) || (parent !== undefined && !snapshots.hasLayer(parent))) {
      const Detail = this.#bad.has(blob.digest)
        ? `its blob ${shortId(blob.digest)} is no judge of it`
        : 'the layer below it is missing';
      this.#tell({ ...finding, Problem: isHere ? 'unchecked' : 'missing', Detail }, Detail, progress);
      return;
    }
    const source = { chainId, parent, diffId };
    const path = content.path(blob.digest);
    if (!isHere) {
      const reason = repair
        ? await this.#attempt(async () => void (await snapshots.applyBlob(source, path, { signal })))
        : 'it was not asked for';
      this.#tell({ ...finding, Problem: 'missing', Detail: 'it is not unpacked' }, reason, progress);
      return;
    }
    progress.say('Comparing');
    try {
      const verdict = await snapshots.checkLayer(source, path, { signal, repair });
      if (verdict.kind === 'intact') progress.say('Verified');
      else this.#tell({ ...finding, Problem: 'damaged', Detail: verdict.what }, verdict.kept, progress);
    } catch (error) {
      signal.throwIfAborted();
      if (!isWharfError(error)) throw error;
      this.#tell({ ...finding, Problem: 'unchecked', Detail: error.message }, error.message, progress);
    }
  }

  /** @param reason why it was not repaired; undefined when it was */
  #tell(found: VerifyFinding, reason: string | undefined, progress: LayerProgress): void {
    const finding = reason === undefined ? { ...found, Repaired: true } : { ...found, Reason: reason };
    this.#findings.push(finding);
    progress.say(
      `${found.Problem === 'missing' ? 'Missing' : found.Problem === 'damaged' ? 'Damaged' : 'Not checked'}${finding.Repaired ? ', repaired' : ''}`,
    );
    this.#options.onProgress({ aux: finding });
  }

  /** Answers why it failed. */
  async #attempt(work: () => Promise<void>): Promise<string | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (isWharfError(error)) return error.message;
      throw error;
    }
  }
}
