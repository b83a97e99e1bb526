/** Reads a registry by the distribution API, so that any registry can be browsed; Wharf's own tells more at once. */
import { WharfError } from '../../contract/errors.ts';
import type { ContentKind, RepositorySummary, TagSummary } from '../../contract/registry-routes.ts';
import { isJsonObject, type JsonObject } from '../../oci/json-fields.ts';
import {
  type ImageConfigDocument,
  type ImageManifest,
  type ManifestDocument,
  maxManifestBytes,
  parseImageConfig,
  parseManifest,
} from '../../oci/manifest.ts';
import { isImageConfigType, manifestMediaTypes } from '../../oci/media-types.ts';
import { type RegistryAnswer, type RegistryConnection, refusalOf } from './registry-connection.ts';
import { wharfRepositories } from './wharf-content.ts';

const maxPages = 50;
const maxNames = 10_000;
const maxFound = 500;

export interface Repository {
  readonly name: string;
  readonly kind: ContentKind | 'unknown';
  readonly description: string;
  /** A data: URI. */
  readonly icon?: string | undefined;
  readonly platforms: readonly string[];
  /** All that it holds, each blob once. */
  readonly sizeBytes?: number | undefined;
  readonly tagCount?: number | undefined;
  readonly updatedAtMs?: number | undefined;
  /** Base URL of the registry this is a cache of. */
  readonly upstream?: string | undefined;
}

/** What a line of the list of tags shows. */
export interface TagFacts {
  readonly digest: string;
  readonly kind: ContentKind | 'unknown';
  readonly sizeBytes: number;
  readonly platforms: readonly string[];
  readonly createdAtMs?: number | undefined;
  readonly pushedAtMs?: number | undefined;
  readonly referrers: number;
}

/** A manifest with its text as it is stored. */
export interface StoredManifest {
  readonly digest: string;
  readonly text: string;
  readonly document: ManifestDocument;
}

export interface Referrer {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Every repository the caller may see, with what the registry tells of it. */
export async function listRepositories(
  connection: RegistryConnection,
  signal: AbortSignal,
): Promise<readonly Repository[]> {
  const own = await wharfRepositories(connection, signal);
  if (own === undefined)
    return (await listNames(connection, '/v2/_catalog?n=1000', 'repositories', signal)).map(unknownRepository);
  const icons = await readIcons(connection, signal);
  return own.map((summary) => repositoryOf(summary, icons.get(summary.name)));
}

function unknownRepository(name: string): Repository {
  return { name, kind: 'unknown', description: '', platforms: [] };
}

function repositoryOf(summary: RepositorySummary, icon: string | undefined): Repository {
  const { name, kind, description, platforms, sizeBytes, tags, updatedAt, upstream } = summary;
  return {
    ...{ name, kind, description, platforms, sizeBytes, tagCount: tags },
    ...{ updatedAtMs: timeOf(updatedAt), upstream, icon },
  };
}

export function tagFactsOf(summary: TagSummary): TagFacts {
  const { digest, kind, sizeBytes, platforms, createdAt, pushedAt, referrers } = summary;
  return {
    ...{ digest, kind, sizeBytes, platforms, referrers },
    ...{ createdAtMs: timeOf(createdAt), pushedAtMs: timeOf(pushedAt) },
  };
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

export async function listTags(
  connection: RegistryConnection,
  name: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return await listNames(connection, `/v2/${name}/tags/list?n=1000`, 'tags', signal);
}

async function listNames(
  connection: RegistryConnection,
  first: string,
  field: 'repositories' | 'tags',
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names: string[] = [];
  let path: string | undefined = first;
  for (let page = 0; path !== undefined && page < maxPages && names.length < maxNames; page++) {
    const answer: RegistryAnswer = await connection.request({ method: 'GET', path }, signal);
    if (answer.status !== 200) throw refusalOf(answer, `Listing ${field}`);
    const list = jsonOf(answer.text)[field] ?? [];
    if (!Array.isArray(list)) throw notARegistry(`a list of ${field}`);
    names.push(...list.filter((item): item is string => typeof item === 'string' && item.length <= 512));
    path = nextPage(answer.headers.link, path);
  }
  return names;
}

/** RFC 8288. Only a path of this registry is followed, and never the same page again. */
function nextPage(link: string | undefined, current: string): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec((link ?? '').slice(0, 8192))?.[1];
  if (target === undefined) return undefined;
  const url = URL.parse(target, 'http://registry.invalid/');
  const next = url === null ? undefined : `${url.pathname}${url.search}`;
  return next?.startsWith('/v2/') && next !== current ? next : undefined;
}

/** Pictures come with the search only. */
async function readIcons(connection: RegistryConnection, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const icons = new Map<string, string>();
  const answer = await connection.request({ method: 'GET', path: `/v2/_wharf/search?q=&n=${maxFound}` }, signal);
  if (answer.status !== 200) return icons;
  const { results } = jsonOf(answer.text);
  for (const { name, icon } of Array.isArray(results) ? results.filter(isJsonObject) : [])
    if (typeof name === 'string' && typeof icon === 'string' && icon.startsWith('data:image/')) icons.set(name, icon);
  return icons;
}

/** @param reference a tag or a digest */
export async function readManifest(
  connection: RegistryConnection,
  name: string,
  reference: string,
  signal: AbortSignal,
): Promise<StoredManifest> {
  const accept = manifestMediaTypes.join(', ');
  const answer = await connection.request(
    { method: 'GET', path: `/v2/${name}/manifests/${reference}`, accept },
    signal,
  );
  if (answer.status !== 200) throw refusalOf(answer, `Reading ${name}:${reference}`);
  if (answer.text.length > maxManifestBytes) throw notARegistry('a manifest of a usual size');
  const document = parseManifest(answer.text, answer.headers['content-type']);
  const told = answer.headers['docker-content-digest'] ?? (reference.includes(':') ? reference : undefined);
  const digest = told ?? (await sha256Of(answer.text));
  return { digest, text: answer.text, document };
}

/** Registries that do not tell the digest are few; where there is no crypto (plain http elsewhere) the tag has to do. */
async function sha256Of(text: string): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) throw notARegistry('the digest of a manifest');
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `sha256:${[...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Undefined for what is no image: an artifact such as a chart or a signature has a config of its own kind. */
export async function readImageConfig(
  connection: RegistryConnection,
  name: string,
  manifest: ImageManifest,
  signal: AbortSignal,
): Promise<ImageConfigDocument | undefined> {
  if (!isImageConfigType(manifest.config.mediaType)) return undefined;
  const path = `/v2/${name}/blobs/${manifest.config.digest}`;
  const answer = await connection.request({ method: 'GET', path }, signal);
  if (answer.status !== 200) throw refusalOf(answer, `Reading the configuration of ${name}`);
  return parseImageConfig(answer.text);
}

/** Signatures, attestations, lists of parts: what says it is about this manifest. */
export async function listReferrers(
  connection: RegistryConnection,
  name: string,
  digest: string,
  signal: AbortSignal,
): Promise<readonly Referrer[]> {
  const own = await connection.request({ method: 'GET', path: `/v2/${name}/referrers/${digest}` }, signal);
  if (own.status === 200) return referrersIn(own.text);
  if (own.status === 401 || own.status === 403) throw refusalOf(own, 'Listing what refers to this image');
  // OCI distribution spec 1.1, "Referrers Tag Schema": registries without the API keep the list under a tag.
  const path = `/v2/${name}/manifests/${digest.replace(':', '-')}`;
  const tagged = await connection.request({ method: 'GET', path, accept: manifestMediaTypes[0] }, signal);
  return tagged.status === 200 ? referrersIn(tagged.text) : [];
}

function referrersIn(text: string): readonly Referrer[] {
  const { manifests } = jsonOf(text);
  if (!Array.isArray(manifests)) return [];
  return manifests.filter(isJsonObject).flatMap((entry) => {
    const { digest, size, artifactType, mediaType, annotations } = entry;
    if (typeof digest !== 'string') return [];
    const type = typeof artifactType === 'string' && artifactType !== '' ? artifactType : mediaType;
    return [
      {
        digest,
        sizeBytes: typeof size === 'number' ? size : 0,
        artifactType: typeof type === 'string' ? type : 'unknown',
        annotations: isJsonObject(annotations)
          ? Object.fromEntries(
              Object.entries(annotations).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
            )
          : {},
      },
    ];
  });
}

/** @param reference a tag takes only the name away; a digest the manifest with all its tags */
export async function deleteReference(connection: RegistryConnection, name: string, reference: string): Promise<void> {
  const answer = await connection.request({ method: 'DELETE', path: `/v2/${name}/manifests/${reference}` });
  // Somebody else was faster: what was wanted is so.
  if (answer.status === 202 || answer.status === 200 || answer.status === 404) return;
  throw refusalOf(answer, `Deleting ${name}:${reference}`);
}

function jsonOf(text: string): JsonObject {
  try {
    const json: unknown = JSON.parse(text);
    if (isJsonObject(json)) return json;
  } catch {
    // Told below.
  }
  throw notARegistry('a JSON document');
}

function notARegistry(expected: string): WharfError {
  return new WharfError('registry.protocol', `The registry did not answer with ${expected}`);
}
