/** Repositories, tags and manifests as `/wharf/v1` tells them. */
import type { ContentKind, ManifestDetails, RepositorySummary, TagSummary } from '../../../contract/registry-routes.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { Stores } from '../http/exchange.ts';
import { artifactTypeOf, bytesOf, type ContentFacts, platformOf } from './content-facts.ts';
import type { StoredManifest } from './manifest-store.ts';
import { shownTag } from './search-index.ts';

/** @param upstream of a repository that is a cache */
export async function describeRepository(
  stores: Stores,
  name: string,
  upstream: string | undefined,
): Promise<RepositorySummary> {
  const { manifests, usage } = stores;
  const content = await usage.of(name);
  const shown = shownTag([...content.tags]);
  const facts = shown === undefined ? undefined : await factsOfTag(stores, name, shown);
  const updatedAt = shown === undefined ? undefined : await manifests.taggedAt(name, shown);
  const kind: ContentKind = facts?.kind ?? 'artifact';
  return {
    name,
    kind: facts === undefined && content.tags.size === 0 ? 'image' : kind,
    title: facts?.title || name.slice(name.lastIndexOf('/') + 1),
    description: facts?.description ?? '',
    tags: content.tags.size,
    manifests: content.manifests,
    sizeBytes: content.bytes,
    platforms: facts?.platforms ?? [],
    ...(updatedAt === undefined ? {} : { updatedAt: updatedAt.toISOString() }),
    ...(upstream === undefined ? {} : { upstream }),
  };
}

async function factsOfTag(stores: Stores, name: string, tag: string): Promise<ContentFacts | undefined> {
  const digest = await stores.manifests.resolveTag(name, tag);
  const stored = digest === undefined ? undefined : await stores.manifests.get(name, digest);
  return stored === undefined ? undefined : await stores.facts.of(name, stored);
}

/** Undefined for a tag that went away, or names what is not here any more. */
export async function describeTag(stores: Stores, name: string, tag: string): Promise<TagSummary | undefined> {
  const { manifests, facts } = stores;
  const digest = await manifests.resolveTag(name, tag);
  const stored = digest === undefined ? undefined : await manifests.get(name, digest);
  if (stored === undefined) return undefined;
  const { kind, sizeBytes, platforms, createdAt } = await facts.of(name, stored);
  const pushedAt = await manifests.taggedAt(name, tag);
  return {
    tag,
    digest: stored.digest,
    mediaType: stored.document.mediaType,
    kind,
    sizeBytes,
    platforms,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(pushedAt === undefined ? {} : { pushedAt: pushedAt.toISOString() }),
    referrers: await manifests.countReferrers(name, stored.digest),
  };
}

export async function describeManifest(stores: Stores, name: string, stored: StoredManifest): Promise<ManifestDetails> {
  const { facts, manifests } = stores;
  const { kind, sizeBytes } = await facts.of(name, stored);
  const { parts } = await facts.read(name, stored);
  const { document, digest } = stored;
  return {
    name,
    digest,
    mediaType: document.mediaType,
    artifactType: artifactTypeOf(document),
    kind,
    sizeBytes,
    tags: await tagsNaming(stores, name, digest),
    annotations: document.annotations ?? {},
    platforms: parts.map((part) => ({
      digest: part.digest,
      platform: platformOf(part),
      sizeBytes: bytesOf(part),
      ...(part.config.created === undefined ? {} : { createdAt: part.config.created }),
      labels: part.config.labels,
      layers: part.manifest.layers.map(layer),
    })),
    layers: document.kind === 'manifest' && parts.length === 0 ? document.layers.map(layer) : [],
    referrers: (await manifests.referrers(name, digest)).map((referrer) => ({
      digest: referrer.digest,
      mediaType: referrer.document.mediaType,
      artifactType: artifactTypeOf(referrer.document),
      sizeBytes: referrer.bytes.byteLength,
      annotations: referrer.document.annotations ?? {},
    })),
  };
}

async function tagsNaming(stores: Stores, name: string, digest: Digest): Promise<string[]> {
  const naming: string[] = [];
  for (const tag of await stores.manifests.tags(name))
    if ((await stores.manifests.resolveTag(name, tag)) === digest) naming.push(tag);
  return naming;
}

function layer({ digest, mediaType, size }: Descriptor): { digest: string; mediaType: string; sizeBytes: number } {
  return { digest, mediaType, sizeBytes: size };
}
