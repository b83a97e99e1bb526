import type { ContainerSummary, ImageSummary } from '../../../contract/engine-types.ts';
import { nameOf } from '../../engine/container-view.ts';

export type Use = 'used' | 'unused' | 'dangling';

/** One row a tag; an image without one is a row of its own. */
export interface ImageRow {
  readonly key: string;
  readonly id: string;
  /** As the user reads it: "nginx:latest", or "<none>". */
  readonly reference: string;
  readonly repository: string;
  readonly tag: string;
  /** What to send to the engine: the reference, or the ID where there is none. */
  readonly target: string;
  readonly use: Use;
  /** Names of the containers made from it. */
  readonly containers: readonly string[];
  readonly createdAtMs: number;
  readonly sizeBytes: number;
  readonly sharedBytes: number;
}

export function imageRows(
  images: readonly ImageSummary[],
  containers: readonly ContainerSummary[],
): readonly ImageRow[] {
  const users = new Map<string, string[]>();
  for (const container of containers)
    users.set(container.ImageID, [...(users.get(container.ImageID) ?? []), nameOf(container)]);
  return images.flatMap((image): readonly ImageRow[] => {
    const names = users.get(image.Id) ?? [];
    const base = {
      id: image.Id,
      containers: names,
      createdAtMs: image.Created * 1000,
      sizeBytes: image.Size,
      sharedBytes: Math.max(0, image.SharedSize),
    };
    if (image.RepoTags.length === 0) {
      const repository = image.RepoDigests[0]?.split('@')[0] ?? '<none>';
      const use: Use = names.length > 0 ? 'used' : 'dangling';
      return [{ ...base, key: image.Id, reference: repository, repository, tag: '', target: image.Id, use }];
    }
    return image.RepoTags.map((reference) => {
      const colon = reference.lastIndexOf(':');
      const use: Use = names.length > 0 ? 'used' : 'unused';
      return {
        ...base,
        key: `${image.Id} ${reference}`,
        reference,
        repository: reference.slice(0, colon),
        tag: reference.slice(colon + 1),
        target: reference,
        use,
      };
    });
  });
}
