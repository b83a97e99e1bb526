/**
 * Manifests, indexes and image configs, OCI's and Docker's schema 2: types, and parsers that trust nothing.
 * Source: OCI image spec, manifest.md, image-index.md, config.md.
 */
import { type Descriptor, descriptorFromJson } from './descriptor.ts';
import { type Digest, parseDigest } from './digest.ts';
import {
  isJsonObject,
  type JsonObject,
  malformed,
  objectList,
  optionalString,
  parseJsonObject,
  stringList,
  stringMap,
} from './json-fields.ts';
import { isIndexType, isManifestType, mediaTypes } from './media-types.ts';
import { OciFormatError } from './oci-format-error.ts';
import { type Platform, platformFromJson } from './platform.ts';

/** Distribution spec: registries should refuse manifests above 4 MiB. */
export const maxManifestBytes = 4 * 1024 * 1024;
export const maxConfigBytes = 8 * 1024 * 1024;
const maxLayers = 1024;
const maxIndexEntries = 4096;
const maxHistory = 4096;

export interface ImageManifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export type ManifestDocument = ImageManifest | ImageIndex;

export interface ImageHistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface ImageConfigDocument {
  readonly platform: Platform;
  readonly created?: string;
  readonly author?: string;
  /** Digests of the unpacked layers, lowest first. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly ImageHistoryEntry[];
  readonly labels: Readonly<Record<string, string>>;
  /** The `config` object as it stands; its users parse the fields they know. */
  readonly config: JsonObject;
}

/**
 * @param contentType what the transport said it is; the document's own `mediaType` must not contradict it.
 * @throws OciFormatError 'manifest.invalid' | 'digest.invalid' | 'image.unsupported'
 */
export function parseManifest(text: string, contentType?: string): ManifestDocument {
  const json = parseJsonObject(text, 'manifest', maxManifestBytes);
  if (json.schemaVersion === 1) throw unsupportedSchema1();
  // Writers of archives leave it out or at 0; dockerd and containerd take those.
  if (json.schemaVersion !== undefined && json.schemaVersion !== 0 && json.schemaVersion !== 2)
    throw malformed('manifest.schemaVersion', '2');
  const mediaType = manifestType(json, contentType);
  // A document that is both would be read as one thing by us and as another by others (CVE-2021-41190).
  if (json.manifests !== undefined && (json.layers !== undefined || json.config !== undefined)) {
    throw malformed('manifest', 'either an index or an image manifest, not both');
  }
  const subject =
    json.subject === undefined || json.subject === null
      ? undefined
      : descriptorFromJson(json.subject, 'manifest.subject');
  const annotations = stringMap(json, 'annotations', 'manifest', 1024);
  const artifactType = optionalString(json, 'artifactType', 'manifest');
  const rest = {
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  if (isIndexType(mediaType)) {
    if (!Array.isArray(json.manifests)) throw malformed('index.manifests', 'a list');
    const manifests = objectList(json, 'manifests', 'index', maxIndexEntries);
    return {
      kind: 'index',
      ...rest,
      manifests: manifests.map((item, at) => descriptorFromJson(item, `index.manifests[${at}]`)),
    };
  }
  const layers = objectList(json, 'layers', 'manifest', maxLayers);
  return {
    kind: 'manifest',
    ...rest,
    config: descriptorFromJson(json.config, 'manifest.config'),
    layers: layers.map((item, at) => descriptorFromJson(item, `manifest.layers[${at}]`)),
  };
}

function manifestType(json: JsonObject, contentType: string | undefined): string {
  const own = optionalString(json, 'mediaType', 'manifest');
  const said = contentType?.split(';')[0]?.trim().toLowerCase();
  const useful = said !== undefined && (isIndexType(said) || isManifestType(said)) ? said : undefined;
  if (own !== undefined && own !== '' && useful !== undefined && own !== useful) {
    throw malformed('manifest.mediaType', `${useful}, as it was announced, and is ${own.slice(0, 100)}`);
  }
  const type = own || useful || (Array.isArray(json.manifests) ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (!isIndexType(type) && !isManifestType(type)) {
    throw new OciFormatError(
      'image.unsupported',
      `unsupported manifest media type ${JSON.stringify(type.slice(0, 200))}`,
    );
  }
  return type;
}

function unsupportedSchema1(): OciFormatError {
  return new OciFormatError(
    'image.unsupported',
    'the image uses Docker image manifest version 2, schema 1, which is no longer supported',
    'Ask its maker to push it again with a current tool.',
  );
}

/** @throws OciFormatError 'manifest.invalid' | 'digest.invalid' */
export function parseImageConfig(text: string): ImageConfigDocument {
  const json = parseJsonObject(text, 'image config', maxConfigBytes);
  const rootfs = json.rootfs;
  if (!isJsonObject(rootfs) || rootfs.type !== 'layers') throw malformed('image config.rootfs', 'of type "layers"');
  const diffIds = stringList(rootfs, 'diff_ids', 'image config.rootfs', maxLayers) ?? [];
  const config = json.config ?? {};
  if (!isJsonObject(config)) throw malformed('image config.config', 'an object');
  const created = optionalString(json, 'created', 'image config');
  const author = optionalString(json, 'author', 'image config');
  return {
    platform: platformFromJson(json, 'image config'),
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    diffIds: diffIds.map(parseDigest),
    history: objectList({ history: json.history ?? [] }, 'history', 'image config', maxHistory).map(historyEntry),
    labels: stringMap(config, 'Labels', 'image config.config', 4096) ?? {},
    config,
  };
}

function historyEntry(json: JsonObject, at: number): ImageHistoryEntry {
  const where = `image config.history[${at}]`;
  const strings: { created?: string; created_by?: string; author?: string; comment?: string } = {};
  for (const key of ['created', 'created_by', 'author', 'comment'] as const) {
    const value = optionalString(json, key, where);
    if (value !== undefined) strings[key] = value;
  }
  return json.empty_layer === true ? { ...strings, empty_layer: true } : strings;
}
