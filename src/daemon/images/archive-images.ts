/**
 * What images an archive holds, told from its documents. Both forms are read; an archive that has both (docker save since
 * version 25) gives its names by `manifest.json` and its manifests, byte for byte, by `index.json`.
 *
 *     docker archive:   manifest.json [{Config, RepoTags, Layers}]  ──► config and layer files by path
 *     OCI layout:       index.json ──► (index ──►) manifest ──► blobs/<algorithm>/<hex>
 *
 * Sources: OCI image spec, image-layout.md; the archive format of `docker save`.
 */
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isJsonObject, requiredString, stringList } from '../../oci/json-fields.ts';
import { type ImageManifest, parseManifest } from '../../oci/manifest.ts';
import { choosePlatform, formatPlatform, type Platform } from '../../oci/platform.ts';
import { familiar, parseReference, type Reference } from '../../oci/reference.ts';
import { blob, blobPath, invalid, need, text } from './archive-blobs.ts';
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts';
import { type ArchivedIndex, archivedIndex } from './archived-index.ts';
import { checkManifest } from './image-record.ts';

export interface ArchivedImage {
  readonly config: ArchiveFile;
  /** Lowest first. */
  readonly layers: readonly ArchiveFile[];
  /** As the archive has it; undefined when it has none, and one is to be made. */
  readonly manifest:
    | { readonly descriptor: Descriptor; readonly parsed: ImageManifest; readonly bytes: Buffer }
    | undefined;
  /** With tags. */
  readonly names: readonly Reference[];
  /** What its names stand for, when the archive has more of an index than this image. */
  readonly index: ArchivedIndex | undefined;
}

const maxImages = 1000;
const maxIndexDepth = 3;
/** Full name of an image in an index, as containerd and docker write it; the other may be a tag alone. */
const nameAnnotations = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];

/** @throws WharfError 'request.invalid' | 'image.no-platform'; OciFormatError for documents that make no sense */
export function archivedImages(
  files: ArchiveFiles,
  wanted: { readonly asked: Platform | undefined; readonly host: Platform },
): readonly ArchivedImage[] {
  const manifests = indexedManifests(files, wanted);
  const listed = files.find('manifest.json');
  if (listed !== undefined) return dockerImages(files, listed, manifests);
  if (manifests.length > 0) return manifests.map((entry) => ociImage(files, entry));
  throw new WharfError('request.invalid', 'the archive holds neither manifest.json nor index.json', {
    hint: 'Give an archive made by `docker save`, or an OCI image layout as a tar. A root file system is imported with `import`.',
  });
}

function dockerImages(
  files: ArchiveFiles,
  listed: ArchiveFile,
  manifests: readonly IndexedManifest[],
): readonly ArchivedImage[] {
  const list: unknown = JSON.parse(text(listed, 'manifest.json'));
  if (!Array.isArray(list) || list.length > maxImages) throw invalid('manifest.json must be a list of images');
  return list.map((item: unknown) => {
    if (!isJsonObject(item)) throw invalid('manifest.json must be a list of images');
    const config = need(files, requiredString(item, 'Config', 'manifest.json'));
    const layers = (stringList(item, 'Layers', 'manifest.json', 1024) ?? []).map((path) => need(files, path));
    const names = (stringList(item, 'RepoTags', 'manifest.json', 4096) ?? []).map(taggedName);
    const manifest = manifests.find(
      ({ parsed }) =>
        parsed.config.digest === config.digest &&
        parsed.layers.length === layers.length &&
        parsed.layers.every((layer, at) => layer.digest === layers[at]?.digest),
    );
    return { config, layers, manifest, names, index: manifest?.index };
  });
}

interface IndexedManifest {
  readonly descriptor: Descriptor;
  readonly parsed: ImageManifest;
  readonly bytes: Buffer;
  readonly names: readonly Reference[];
  readonly index: ArchivedIndex | undefined;
}

/** Image manifests of the layout's index; one for each of its images, of the platform that fits. */
function indexedManifests(
  files: ArchiveFiles,
  wanted: { readonly asked: Platform | undefined; readonly host: Platform },
): readonly IndexedManifest[] {
  const index = files.find('index.json');
  if (index === undefined) return [];
  const top = parseManifest(text(index, 'index.json'));
  if (top.kind !== 'index') throw invalid('index.json must be an index');
  if (top.manifests.length > maxImages) throw invalid(`index.json lists more than ${maxImages} images`);
  const byDigest = new Map<Digest, IndexedManifest>();
  for (const entry of top.manifests) {
    // Signatures and attestations of another tool; they run nowhere.
    if (entry.artifactType !== undefined || entry.platform?.os === 'unknown') continue;
    const found = resolve(files, entry, wanted);
    const names = nameOf(entry);
    const known = byDigest.get(found.descriptor.digest);
    byDigest.set(found.descriptor.digest, { ...found, names: [...(known?.names ?? []), ...names] });
  }
  return [...byDigest.values()];
}

function resolve(
  files: ArchiveFiles,
  entry: Descriptor,
  wanted: { readonly asked: Platform | undefined; readonly host: Platform },
): Omit<IndexedManifest, 'names'> {
  let descriptor = entry;
  let index: ArchivedIndex | undefined;
  for (let depth = 0; depth < maxIndexDepth; depth++) {
    const bytes = Buffer.from(text(blob(files, descriptor), `manifest ${descriptor.digest}`));
    const parsed = parseManifest(bytes.toString('utf8'), descriptor.mediaType);
    if (parsed.kind === 'manifest') {
      checkManifest(parsed);
      return { descriptor, parsed, bytes, index };
    }
    if (depth === 0 && wanted.asked === undefined) index = archivedIndex(files, descriptor, bytes);
    const platform = wanted.asked ?? wanted.host;
    // An index may name platforms whose manifests were not saved.
    const here = parsed.manifests.filter((each) => files.find(blobPath(each.digest)) !== undefined);
    const chosen = choosePlatform(here, platform) ?? (wanted.asked === undefined ? here[0] : undefined);
    if (chosen === undefined)
      throw new WharfError('image.no-platform', `the archive holds no image for ${formatPlatform(platform)}`);
    descriptor = chosen;
  }
  throw invalid('the archive holds an index of indexes, nested too deep');
}

function ociImage(files: ArchiveFiles, entry: IndexedManifest): ArchivedImage {
  const { descriptor, parsed, bytes, names } = entry;
  return {
    config: blob(files, parsed.config),
    layers: parsed.layers.map((layer) => blob(files, layer)),
    manifest: { descriptor, parsed, bytes },
    names,
    index: entry.index,
  };
}

function nameOf(entry: Descriptor): readonly Reference[] {
  for (const key of nameAnnotations) {
    const name = entry.annotations?.[key];
    // A tag alone names no repository.
    if (name !== undefined && /[:/]/.test(name)) return [taggedName(name)];
  }
  return [];
}

function taggedName(name: string): Reference {
  const reference = parseReference(name);
  if (reference.digest !== undefined) throw invalid(`the archive names an image by a digest: ${familiar(reference)}`);
  return reference;
}
