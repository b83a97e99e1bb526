/** What points at content: its type, digest and size. Source: OCI image spec, descriptor.md. */
import { type Digest, parseDigest } from './digest.ts';
import {
  isJsonObject,
  type JsonObject,
  malformed,
  optionalString,
  requiredString,
  stringList,
  stringMap,
} from './json-fields.ts';
import { type Platform, platformFromJson } from './platform.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

/** Larger than any sane blob (8 TiB); a size beyond it is a lie. */
const maxSizeBytes = 2 ** 43;

/** @throws OciFormatError 'manifest.invalid' | 'digest.invalid' */
export function descriptorFromJson(json: unknown, where: string): Descriptor {
  if (!isJsonObject(json)) throw malformed(where, 'a descriptor');
  const urls = stringList(json, 'urls', where, 64);
  const annotations = stringMap(json, 'annotations', where, 1024);
  const artifactType = optionalString(json, 'artifactType', where);
  const platform = json.platform;
  if (platform !== undefined && platform !== null && !isJsonObject(platform))
    throw malformed(`${where}.platform`, 'an object');
  return {
    mediaType: requiredString(json, 'mediaType', where),
    digest: parseDigest(requiredString(json, 'digest', where)),
    size: sizeField(json, where),
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(isJsonObject(platform) ? { platform: platformFromJson(platform, `${where}.platform`) } : {}),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

function sizeField(json: JsonObject, where: string): number {
  const size = json.size;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > maxSizeBytes) {
    throw malformed(`${where}.size`, 'a number of bytes');
  }
  return size;
}
