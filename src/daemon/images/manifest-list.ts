/**
 * A list of manifests that is put together here, to be pushed as an index (`wharf manifest`). Its entries are images of this
 * engine or of registries; a change of it makes another list, and none touches the images.
 */
import { createHash } from 'node:crypto';
import { raise, WharfError } from '../../contract/errors.ts';
import { type Descriptor, descriptorFromJson } from '../../oci/descriptor.ts';
import { type Digest, sha256Digest } from '../../oci/digest.ts';
import {
  isJsonObject,
  type JsonObject,
  malformed,
  objectList,
  requiredString,
  stringMap,
} from '../../oci/json-fields.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { canonical, familiar, parseNamed, parseReference } from '../../oci/reference.ts';

export interface ListEntry {
  /** As the index will list it. */
  readonly manifest: Descriptor;
  /** By which name it was added, canonical: where its blobs are when they are not here. */
  readonly source: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ManifestList {
  /** Canonical, with its tag. */
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly entries: readonly ListEntry[];
}

/** What `annotate` changes; undefined leaves as it is. */
export interface EntryChanges {
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
  readonly variant?: string | undefined;
  readonly osVersion?: string | undefined;
  readonly osFeatures?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export const maxEntries = 512;

/** The bytes that are pushed. Of Docker's type where all entries are and nothing needs OCI's. */
export function indexOfList(list: ManifestList): {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: Digest;
} {
  const isDocker =
    list.entries.length > 0 &&
    Object.keys(list.annotations).length === 0 &&
    list.entries.every(
      ({ manifest }) => manifest.mediaType === mediaTypes.dockerManifest && manifest.annotations === undefined,
    );
  const mediaType = isDocker ? mediaTypes.dockerIndex : mediaTypes.ociIndex;
  const manifests = list.entries.map(({ manifest: { mediaType: type, digest, size, platform, annotations } }) => ({
    mediaType: type,
    digest,
    size,
    platform,
    annotations,
  }));
  const annotations = Object.keys(list.annotations).length === 0 ? undefined : list.annotations;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests, annotations }, undefined, 2));
  return { mediaType, bytes, digest: sha256Digest(createHash('sha256').update(bytes).digest('hex')) };
}

/** Entries of a digest that is there already take its place. @throws WharfError 'request.invalid' when they are too many */
export function withEntries(list: ManifestList, added: readonly ListEntry[]): ManifestList {
  const byDigest = new Map(list.entries.map((entry) => [entry.manifest.digest, entry]));
  for (const entry of added) byDigest.set(entry.manifest.digest, entry);
  if (byDigest.size > maxEntries)
    throw new WharfError('request.invalid', `a list holds at most ${maxEntries} manifests`);
  return { ...list, entries: [...byDigest.values()] };
}

export function withoutEntry(list: ManifestList, entry: ListEntry): ManifestList {
  return { ...list, entries: list.entries.filter((other) => other !== entry) };
}

export function withChanges(list: ManifestList, entry: ListEntry, changes: EntryChanges): ManifestList {
  return { ...list, entries: list.entries.map((other) => (other === entry ? changed(entry, changes) : other)) };
}

export function changed(entry: ListEntry, changes: EntryChanges): ListEntry {
  const { os, architecture, variant, osVersion, osFeatures, annotations } = changes;
  const old: Platform = entry.manifest.platform ?? { os: '', architecture: '' };
  const version = osVersion ?? old['os.version'];
  const features = osFeatures ?? old['os.features'];
  const newVariant = variant ?? old.variant;
  const platform: Platform = {
    architecture: architecture ?? old.architecture,
    os: os ?? old.os,
    ...(version === undefined || version === '' ? {} : { 'os.version': version }),
    ...(features === undefined || features.length === 0 ? {} : { 'os.features': features }),
    ...(newVariant === undefined || newVariant === '' ? {} : { variant: newVariant }),
  };
  const all = { ...entry.manifest.annotations, ...annotations };
  const { annotations: _, ...plain } = entry.manifest;
  const manifest = { ...plain, platform, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) };
  return { ...entry, manifest };
}

/** By digest, or by the name it was added with. @throws WharfError 'manifest.unknown' | 'request.invalid' */
export function entryOf(list: ManifestList, text: string): ListEntry {
  const byDigest = list.entries.find(
    ({ manifest }) => manifest.digest === text || text.endsWith(`@${manifest.digest}`),
  );
  if (byDigest !== undefined) return byDigest;
  const named = list.entries.filter(({ source }) => source === sourceName(text));
  const [entry] = named;
  if (named.length > 1) {
    const platforms = named.map(
      ({ manifest }) => `${formatPlatform(manifest.platform ?? { os: '', architecture: '' })} ${manifest.digest}`,
    );
    throw new WharfError('request.invalid', `${text} is ${named.length} manifests of the list`, {
      hint: `Name one by its digest: ${platforms.join(', ')}.`,
    });
  }
  return (
    entry ??
    raise(
      new WharfError(
        'manifest.unknown',
        `manifest for image ${text} does not exist in ${familiar(parseNamed(list.name))}`,
        { hint: 'See `wharf manifest inspect`.' },
      ),
    )
  );
}

function sourceName(text: string): string | undefined {
  try {
    return canonical(parseReference(text));
  } catch {
    // A digest of nothing in the list.
    return undefined;
  }
}

/** @throws OciFormatError 'manifest.invalid' when the stored text makes no sense */
export function listFromJson(json: unknown): ManifestList {
  if (!isJsonObject(json)) throw malformed('manifest list', 'an object');
  return {
    name: requiredString(json, 'name', 'manifest list'),
    annotations: stringMap(json, 'annotations', 'manifest list', 1024) ?? {},
    entries: objectList(json, 'entries', 'manifest list', maxEntries).map(entryFromJson),
  };
}

function entryFromJson(json: JsonObject): ListEntry {
  return {
    manifest: descriptorFromJson(json.manifest, 'manifest list.entries'),
    source: requiredString(json, 'source', 'manifest list.entries'),
    config: descriptorFromJson(json.config, 'manifest list.entries.config'),
    layers: objectList(json, 'layers', 'manifest list.entries', 1024).map((item) => descriptorFromJson(item, 'layer')),
  };
}
