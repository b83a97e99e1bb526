/** Manifests of repositories, the tags that name them, and who refers to whom. */
import { createHash } from 'node:crypto';
import { isWharfError } from '../../../contract/errors.ts';
import { type Digest, digestAlgorithm, isDigest, parseDigest } from '../../../oci/digest.ts';
import { type ManifestDocument, parseManifest } from '../../../oci/manifest.ts';
import { isForeignLayer } from '../../../oci/media-types.ts';
import { RegistryError } from '../http/registry-error.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import {
  layersFolder,
  manifestsFolder,
  referrerFolder,
  referrerLink,
  referrersFolder,
  repositoriesRoot,
  revisionFolder,
  revisionLink,
  revisionsFolder,
  tagFolder,
  tagLink,
  tagsFolder,
} from '../storage/storage-paths.ts';
import { type BlobStore, readLink } from './blob-store.ts';

export interface StoredManifest {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly document: ManifestDocument;
}

/** How a manifest came: what its sender says of it, and the tags it asks for. */
export interface PushedManifest {
  readonly type?: string | undefined;
  readonly digest?: Digest | undefined;
  readonly tags?: readonly string[];
}

export interface ManifestRules {
  /** Manifests may name content that is not here: platforms of an index, or layers, that somebody left out. */
  readonly sparse?: boolean;
}

const maxDepth = 16;

/** What a manifest needs: its config and layers, or the manifests of an index. */
export function referencesOf(document: ManifestDocument): readonly Digest[] {
  const descriptors = document.kind === 'index' ? document.manifests : [document.config, ...document.layers];
  return descriptors.map((descriptor) => descriptor.digest);
}

export class ManifestStore {
  readonly #driver: StorageDriver;
  readonly #blobs: BlobStore;
  readonly #sparse: boolean;

  constructor(driver: StorageDriver, blobs: BlobStore, rules: ManifestRules = {}) {
    this.#driver = driver;
    this.#blobs = blobs;
    this.#sparse = rules.sparse ?? false;
  }

  async get(name: string, digest: Digest): Promise<StoredManifest | undefined> {
    if ((await readLink(this.#driver, revisionLink(name, digest))) === undefined) return undefined;
    const bytes = await this.#blobs.read(digest);
    return bytes === undefined ? undefined : { digest, bytes, document: parseManifest(bytes.toString('utf8')) };
  }

  async resolveTag(name: string, tag: string): Promise<Digest | undefined> {
    return await readLink(this.#driver, tagLink(name, tag));
  }

  async taggedAt(name: string, tag: string): Promise<Date | undefined> {
    const file = await this.#driver.stat(tagLink(name, tag));
    return file === undefined ? undefined : new Date(file.modifiedAtMs);
  }

  async storedAt(name: string, digest: Digest): Promise<Date | undefined> {
    const file = await this.#driver.stat(revisionLink(name, digest));
    return file === undefined ? undefined : new Date(file.modifiedAtMs);
  }

  /**
   * Stores a manifest after checking that all it names is there, then lets the tags name it.
   * @throws RegistryError 'MANIFEST_INVALID' | 'MANIFEST_BLOB_UNKNOWN' | 'DIGEST_INVALID'
   */
  async put(name: string, bytes: Buffer, pushed: PushedManifest = {}): Promise<StoredManifest> {
    const asked = pushed.digest;
    const algorithm = asked === undefined ? 'sha256' : digestAlgorithm(asked);
    const digest = parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
    if (asked !== undefined && asked !== digest)
      throw new RegistryError('DIGEST_INVALID', { detail: { expected: asked, actual: digest } });
    const document = parsed(bytes, pushed.type);
    const noteUses = (): void => {
      for (const used of [digest, ...referencesOf(document)]) this.#blobs.guard.noteUse(used);
    };
    noteUses();
    await this.#blobs.guard.change(async () => {
      await this.#checkReferences(name, document);
      await this.#blobs.put(digest, bytes);
      if (document.subject !== undefined)
        await this.#driver.write(referrerLink(name, document.subject.digest, digest), Buffer.from(digest));
      await this.#driver.write(revisionLink(name, digest), Buffer.from(digest));
      for (const tag of pushed.tags ?? []) await this.#driver.write(tagLink(name, tag), Buffer.from(digest));
      // Once more: a collection may have begun, and looked at this repository, since the first.
      noteUses();
    });
    return { digest, bytes, document };
  }

  /** The tags that name it go too. */
  async delete(name: string, digest: Digest): Promise<boolean> {
    const stored = await this.get(name, digest);
    if (stored === undefined) return false;
    for (const tag of await this.tags(name)) {
      if ((await this.resolveTag(name, tag)) === digest) await this.deleteTag(name, tag);
    }
    const subject = stored.document.subject;
    if (subject !== undefined) await this.#driver.remove(referrerFolder(name, subject.digest, digest));
    return await this.#driver.remove(revisionFolder(name, digest));
  }

  async deleteTag(name: string, tag: string): Promise<boolean> {
    return await this.#driver.remove(tagFolder(name, tag));
  }

  /** In the order of code units. */
  async tags(name: string): Promise<readonly string[]> {
    return await this.#driver.list(tagsFolder(name));
  }

  async revisions(name: string): Promise<readonly Digest[]> {
    return await this.#digestsBelow(revisionsFolder(name));
  }

  async referrers(name: string, subject: Digest): Promise<readonly StoredManifest[]> {
    const found: StoredManifest[] = [];
    for (const digest of await this.#digestsBelow(referrersFolder(name, subject))) {
      const stored = await this.get(name, digest);
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  async countReferrers(name: string, subject: Digest): Promise<number> {
    return (await this.#digestsBelow(referrersFolder(name, subject))).length;
  }

  /** Whether there is such a repository: one stays while it has content, although its last manifest was deleted. */
  async exists(name: string): Promise<boolean> {
    for (const folder of [manifestsFolder(name), layersFolder(name)])
      if ((await this.#driver.list(folder)).length > 0) return true;
    return false;
  }

  /** Names of the repositories that have a manifest, in the order of code units. */
  async repositories(): Promise<readonly string[]> {
    const names: string[] = [];
    await this.#walk('', 0, names);
    return names.sort();
  }

  async #walk(parent: string, depth: number, names: string[]): Promise<void> {
    if (depth > maxDepth) return;
    for (const part of await this.#driver.list(parent === '' ? repositoriesRoot : `${repositoriesRoot}/${parent}`)) {
      if (part.startsWith('_')) continue;
      const name = parent === '' ? part : `${parent}/${part}`;
      if ((await this.revisions(name)).length > 0) names.push(name);
      await this.#walk(name, depth + 1, names);
    }
  }

  async #digestsBelow(folder: string): Promise<readonly Digest[]> {
    const digests: Digest[] = [];
    for (const algorithm of await this.#driver.list(folder)) {
      for (const hex of await this.#driver.list(`${folder}/${algorithm}`)) {
        const text = `${algorithm}:${hex}`;
        if (isDigest(text)) digests.push(text);
      }
    }
    return digests;
  }

  async #checkReferences(name: string, document: ManifestDocument): Promise<void> {
    const missing: string[] = [];
    if (document.kind === 'index') {
      for (const entry of document.manifests) {
        if ((await readLink(this.#driver, revisionLink(name, entry.digest))) === undefined) missing.push(entry.digest);
      }
    } else {
      for (const blob of [document.config, ...document.layers]) {
        if (isForeignLayer(blob.mediaType) && blob.urls !== undefined) continue;
        const size = await this.#blobs.sizeIn(name, blob.digest);
        if (size === undefined) missing.push(blob.digest);
        else if (size !== blob.size) {
          const detail = { digest: blob.digest, announced: blob.size, stored: size };
          throw new RegistryError('MANIFEST_INVALID', { message: 'manifest announces a wrong size', detail });
        }
      }
    }
    if (missing.length > 0 && !this.#sparse)
      throw new RegistryError('MANIFEST_BLOB_UNKNOWN', { detail: { missing: missing.slice(0, 20) } });
  }
}

function parsed(bytes: Buffer, contentType: string | undefined): ManifestDocument {
  try {
    return parseManifest(bytes.toString('utf8'), contentType);
  } catch (error) {
    if (!isWharfError(error)) throw error;
    throw new RegistryError('MANIFEST_INVALID', { message: `manifest invalid: ${error.message}`, cause: error });
  }
}
