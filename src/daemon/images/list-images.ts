/** `docker images`. */
import type { ImageSummary } from '../../contract/engine-types.ts';
import { getImage } from './find-image.ts';
import {
  booleanFilter,
  checkFilters,
  type FilterMap,
  labelsMatch,
  referenceMatches,
  timeFilter,
} from './image-filters.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImageRecord } from './image-record.ts';
import { createdAt } from './inspect-image.ts';
import { manifestSummaries, targetOf } from './manifest-summaries.ts';

/** @throws WharfError 'request.invalid' for a bad filter, 'image.not-found' for `before` and `since` of an unknown image */
export async function listImages(
  parts: ImageParts,
  query: {
    readonly all: boolean;
    readonly filters: FilterMap;
    readonly sharedSize: boolean;
    readonly manifests?: boolean;
  },
): Promise<readonly ImageSummary[]> {
  const { images } = parts;
  const { filters } = query;
  checkFilters(filters, ['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until']);
  const dangling = booleanFilter(filters, 'dangling');
  const patterns = filters.get('reference') ?? [];
  const wanted = timeAndLabelFilter(parts, filters);
  const summaries: ImageSummary[] = [];
  for (const image of images.all()) {
    const names = images.names(image.id);
    if (isPartOfIndex(parts, image)) continue;
    // What others were made of and nobody names is shown to those who ask for all, and is never dangling.
    if ((!query.all || dangling === true) && isIntermediate(parts, image)) continue;
    if (dangling !== undefined && dangling !== (names.tags.length === 0)) continue;
    if (!wanted(image)) continue;
    const shown = (name: string): boolean =>
      patterns.length === 0 || patterns.some((pattern) => referenceMatches(pattern, name));
    const [tags, digests] = [names.tags.filter(shown), names.digests.filter(shown)];
    if (patterns.length > 0 && tags.length + digests.length === 0) continue;
    const index = images.indexesOf(image.id)[0];
    summaries.push({
      Id: image.id,
      ParentId: image.parentId,
      RepoTags: tags,
      RepoDigests: digests,
      Created: Math.floor(createdAt(image) / 1000),
      Size: image.sizeBytes,
      SharedSize: query.sharedSize ? sharedBytes(parts, image) : -1,
      Labels: image.document.labels,
      Containers: query.sharedSize ? parts.users.usersOf(image.id).length : -1,
      Descriptor: targetOf(image, index),
      ...(query.manifests === true ? { Manifests: await manifestSummaries(parts, image, index) } : {}),
    });
  }
  return summaries.sort((a, b) => b.Created - a.Created || (a.Id < b.Id ? -1 : 1));
}

/** A platform of a held index that ran here: it is shown with the index, not as an image without a name. */
export function isPartOfIndex({ images }: ImageParts, { id }: ImageRecord): boolean {
  return images.references(id).length === 0 && images.indexesWith(id).length > 0;
}

function isIntermediate({ images }: ImageParts, { id }: ImageRecord): boolean {
  return images.references(id).length === 0 && images.all().some(({ parentId }) => parentId === id);
}

/** The filters that look at one image only: label, until, before and since. */
export function timeAndLabelFilter(parts: ImageParts, filters: FilterMap): (image: ImageRecord) => boolean {
  const labels = filters.get('label') ?? [];
  const notLabels = filters.get('label!') ?? [];
  const instant = (name: 'before' | 'since') =>
    (filters.get(name) ?? []).map((text) => createdAt(getImage(parts.images, text)));
  const before = [...instant('before'), ...(filters.get('until') ?? []).map((text) => timeFilter(text, Date.now()))];
  const since = instant('since');
  return (image) => {
    const created = createdAt(image);
    if (!before.every((limit) => created < limit) || !since.every((limit) => created > limit)) return false;
    if (notLabels.some((label) => labelsMatch(image.document.labels, [label]))) return false;
    return labelsMatch(image.document.labels, labels);
  };
}

function sharedBytes(parts: ImageParts, image: ImageRecord): number {
  const others = new Set<string>();
  for (const other of parts.images.all()) {
    if (other.id !== image.id) for (const layer of other.layers) others.add(layer.chainId);
  }
  return image.layers
    .filter((layer) => others.has(layer.chainId))
    .reduce((sum, layer) => sum + parts.snapshots.layerUsage(layer.chainId).sizeBytes, 0);
}
