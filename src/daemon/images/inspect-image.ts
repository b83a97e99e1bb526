/** `docker image inspect` and `docker history`. */

import type { HistoryItem, ImageInspect } from '../../contract/engine-types.ts';
import { isDigest } from '../../oci/digest.ts';
import { dockerDriverName } from '../snapshots/driver-name.ts';
import type { HeldIndex } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageRecord, topLayer } from './image-record.ts';
import { targetOf } from './manifest-summaries.ts';
import { isUnpacked, layerSize } from './platform-images.ts';

/** Milliseconds since the epoch; 0 when the image does not say. */
export function createdAt(image: ImageRecord): number {
  return timeOf(image.document.created);
}

function timeOf(text: string | undefined): number {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? 0 : time;
}

/**
 * @param index what the name stands for, where that is a held index
 * @param named the image whose names are shown: a platform of an index goes by the index's
 */
export function inspectImage(
  parts: ImageParts,
  image: ImageRecord,
  index?: HeldIndex,
  named: ImageRecord = image,
): ImageInspect {
  const { document } = image;
  const { platform } = document;
  const names = parts.images.names(named.id);
  return {
    Id: image.id,
    RepoTags: names.tags,
    RepoDigests: names.digests,
    Parent: image.parentId,
    Comment: document.history.at(-1)?.comment ?? '',
    ...(document.created === undefined ? {} : { Created: document.created }),
    DockerVersion: '',
    Author: document.author ?? '',
    Config: document.config,
    Architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { Variant: platform.variant }),
    Os: platform.os,
    ...(platform['os.version'] === undefined ? {} : { OsVersion: platform['os.version'] }),
    Size: image.sizeBytes,
    GraphDriver: {
      Name: dockerDriverName(parts.snapshots),
      // A platform that never ran here is not unpacked.
      Data: isUnpacked(parts, image) ? parts.snapshots.imageDriverData(topLayer(image)) : null,
    },
    RootFS: { Type: 'layers', Layers: document.diffIds },
    Metadata: { LastTagTime: new Date(image.taggedAt).toISOString() },
    Descriptor: targetOf(image, index),
  };
}

/** Newest first. Layers are matched to the history entries that made one. */
export function imageHistory(parts: ImageParts, image: ImageRecord): readonly HistoryItem[] {
  let layer = 0;
  const items = image.document.history.map((entry) => {
    const made = entry.empty_layer === true ? undefined : image.layers[layer++];
    return {
      Id: '<missing>',
      Created: Math.floor(timeOf(entry.created) / 1000),
      CreatedBy: entry.created_by ?? '',
      Tags: null,
      Size: made === undefined ? 0 : layerSize(parts, made),
      Comment: entry.comment ?? '',
    };
  });
  // Images without (complete) history still have their layers to show.
  for (; layer < image.layers.length; layer++) {
    const made = image.layers[layer];
    const Size = made === undefined ? 0 : layerSize(parts, made);
    items.push({ Id: '<missing>', Created: 0, CreatedBy: '', Tags: null, Size, Comment: '' });
  }
  // As dockerd: each step of the history is the image it made, as far as the parents are here.
  let step: ImageRecord | undefined = image;
  return items.reverse().map((item) => {
    if (step === undefined) return item;
    const { id } = step;
    const { tags } = parts.images.names(id);
    step = isDigest(step.parentId) ? parts.images.get(step.parentId) : undefined;
    return { ...item, Id: id, Tags: tags.length === 0 ? null : tags };
  });
}
