/**
 * `docker rmi` and `docker image prune`. The rules and texts are dockerd's: a name is taken away first, and the image goes
 * with its last name; by ID all names go at once when they are of one repository; containers that use it forbid it.
 */

import type { ImageDeleteItem, ImagePruneResult } from '../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import { canonical, canonicalName, familiar, parseReference, type Reference } from '../../oci/reference.ts';
import { descendantsOf, getImage, isIdOf } from './find-image.ts';
import { type HeldIndex, heldImages } from './held-index.ts';
import { booleanFilter, checkFilters, type FilterMap } from './image-filters.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageRecord, shortId } from './image-record.ts';
import type { ImageUsers } from './image-service.ts';
import { isPartOfIndex, timeAndLabelFilter } from './list-images.ts';
import { getPlatformImage, indexNamed } from './platform-images.ts';
import { removePlatforms } from './remove-platforms.ts';

/** @throws WharfError 'image.not-found' | 'image.in-use' | 'image.ambiguous' */
export async function removeImage(
  parts: ImageParts,
  nameOrId: string,
  options: { readonly force: boolean; readonly noPrune: boolean; readonly platforms?: readonly Platform[] },
): Promise<readonly ImageDeleteItem[]> {
  const { force, noPrune, platforms = [] } = options;
  const image = getImage(parts.images, nameOrId);
  if (platforms.length > 0) {
    const index = indexNamed(parts, nameOrId, image);
    const items = index === undefined ? undefined : await removePlatforms(parts, image, index, { force, platforms });
    if (items !== undefined) return items;
    if (index === undefined && platforms.length > 1)
      throw new WharfError('request.invalid', 'multiple platforms are not supported');
    await getPlatformImage(parts, nameOrId, platforms[0]);
  }
  const removal = new Removal(parts, image, force);
  const goes = isIdOf(image, nameOrId) && !isNameOf(parts, image, nameOrId) ? removal.byId() : removal.byName(nameOrId);
  if (!goes) return removal.items;
  const going = noPrune ? [image] : [image, ...lonelyParents(parts, image)];
  return [...removal.items, ...(await deleteImages(parts, going)).items];
}

/** What only this image was made of, and nobody names or uses: dockerd lets it go along. */
function lonelyParents({ images, users }: ImageParts, image: ImageRecord): readonly ImageRecord[] {
  const lonely: ImageRecord[] = [];
  for (let child = image; isDigest(child.parentId); ) {
    const parent = images.get(child.parentId);
    if (parent === undefined || images.references(parent.id).length > 0) break;
    const { id: childId } = child;
    const isShared = images.all().some(({ id, parentId }) => parentId === parent.id && id !== childId);
    if (isShared || users.usersOf(parent.id).length > 0 || images.indexesWith(parent.id).length > 0) break;
    lonely.push(parent);
    child = parent;
  }
  return lonely;
}

/** A name may look like an ID prefix; the name counts, as in the lookup. */
function isNameOf(parts: ImageParts, image: ImageRecord, text: string): boolean {
  try {
    return parts.images.resolve(parseReference(text)) === image.id;
  } catch {
    return false;
  }
}

class Removal {
  readonly items: ImageDeleteItem[] = [];
  readonly #parts: ImageParts;
  readonly #image: ImageRecord;
  readonly #force: boolean;

  constructor(parts: ImageParts, image: ImageRecord, force: boolean) {
    this.#parts = parts;
    this.#image = image;
    this.#force = force;
  }

  /** Takes one name away; answers whether the image itself is to go. */
  byName(name: string): boolean {
    const reference = parseReference(name);
    const all = this.#references();
    if (!this.#force && isSingle(all)) {
      const [user] = usersOf(this.#parts, this.#image, this.#parts.images.indexOf(reference));
      if (user !== undefined) {
        throw new WharfError(
          'image.in-use',
          `conflict: unable to remove repository reference ${JSON.stringify(name)} (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(this.#image.id)}`,
        );
      }
    }
    this.#untag(reference);
    this.#dropLoneDigests(reference);
    if (this.#references().length > 0) return false;
    // Its last name is gone. In use it stays without one, as with dockerd.
    return this.#conflict({ names: false, stopped: !this.#force }) === undefined;
  }

  /** Takes all names away. */
  byId(): boolean {
    const all = this.#references();
    const conflict = this.#conflict({ names: !this.#force && !isSingle(all), stopped: !this.#force });
    if (conflict !== undefined) throw conflict;
    for (const reference of all) this.#untag(reference);
    return true;
  }

  #references(): readonly Reference[] {
    return this.#parts.images.references(this.#image.id);
  }

  #drop(reference: Reference): void {
    this.#parts.images.unname(reference);
    this.items.push({ Untagged: familiar(reference) });
  }

  #untag(reference: Reference): void {
    this.#drop(reference);
    this.#parts.events.publish('image', 'untag', this.#image.id, eventAttributes(this.#image));
  }

  /** Digests of a repository whose last tag is gone would keep the image for nobody to see. */
  #dropLoneDigests(removed: Reference): void {
    if (removed.digest !== undefined) return;
    const repository = canonicalName(removed);
    const left = this.#references().filter((reference) => canonicalName(reference) === repository);
    if (left.some((reference) => reference.digest === undefined)) return;
    // Without an event of their own: to clients the tag was the name.
    for (const reference of left) this.#drop(reference);
  }

  #conflict(check: { readonly names: boolean; readonly stopped: boolean }): WharfError | undefined {
    if (descendantsOf(this.#parts.images, this.#image.id).length > 0)
      return inUse(this.#image, 'cannot be forced', 'image has dependent child images');
    const users = usersOf(this.#parts, this.#image, this.#parts.images.indexesOf(this.#image.id)[0]);
    const running = users.find((user) => user.running);
    if (running !== undefined) {
      return inUse(
        this.#image,
        'cannot be forced',
        `image is being used by running container ${shortId(running.containerId)}`,
      );
    }
    if (check.names) return inUse(this.#image, 'must be forced', 'image is referenced in multiple repositories');
    const [stopped] = users;
    if (check.stopped && stopped !== undefined) {
      return inUse(
        this.#image,
        'must be forced',
        `image is being used by stopped container ${shortId(stopped.containerId)}`,
      );
    }
    return undefined;
  }
}

/** Containers of the image, and of the other platforms of the index it goes with. */
function usersOf(
  parts: ImageParts,
  image: ImageRecord,
  index: HeldIndex | undefined,
): ReturnType<ImageUsers['usersOf']> {
  const others = index === undefined ? [] : heldImages(index).map(({ content }) => content.config.digest);
  return [...new Set([image.id, ...others])].flatMap((id) => parts.users.usersOf(id));
}

function inUse(image: ImageRecord, force: string, why: string): WharfError {
  return new WharfError('image.in-use', `conflict: unable to delete ${shortId(image.id)} (${force}) - ${why}`);
}

/** At most one tag, and everything in one repository. */
function isSingle(references: readonly Reference[]): boolean {
  const tags = references.filter((reference) => reference.digest === undefined);
  return tags.length <= 1 && new Set(references.map(canonicalName)).size <= 1;
}

function eventAttributes(image: ImageRecord): Readonly<Record<string, string>> {
  return { ...image.document.labels, name: image.id };
}

async function deleteImages(
  parts: ImageParts,
  images: readonly ImageRecord[],
): Promise<{ readonly items: readonly ImageDeleteItem[]; readonly freedBytes: number }> {
  const items: ImageDeleteItem[] = [];
  for (const image of images) {
    parts.images.delete(image.id);
    items.push({ Deleted: image.id });
    // As dockerd, which can not read the labels any more.
    parts.events.publish('image', 'delete', image.id, { name: image.id });
  }
  const { layers, freedBytes } = await parts.garbage.collect();
  const gone = new Set(images.flatMap((image) => image.layers.map((layer): string => layer.chainId)));
  for (const { chainId } of layers) if (gone.has(chainId)) items.push({ Deleted: chainId });
  return { items, freedBytes };
}

/**
 * Untagged images by default; with `dangling=false` all that no container uses, and of those in use all names but the last.
 * @throws WharfError 'request.invalid'
 */
export async function pruneImages(parts: ImageParts, filters: FilterMap): Promise<ImagePruneResult> {
  checkFilters(filters, ['dangling', 'label', 'label!', 'until']);
  const danglingOnly = booleanFilter(filters, 'dangling') ?? true;
  const wanted = timeAndLabelFilter(parts, filters);
  const all = parts.images.all().filter((image) => wanted(image) && !isPartOfIndex(parts, image));
  const inUse = (image: ImageRecord) => usersOf(parts, image, parts.images.indexesOf(image.id)[0]).length > 0;
  const unused = all
    .filter((image) => !inUse(image))
    .filter((image) => !danglingOnly || parts.images.names(image.id).tags.length === 0)
    // What others are made of stays as long as they do.
    .filter((image, _, going) =>
      descendantsOf(parts.images, image.id).every((id) => going.some((other) => other.id === id)),
    );
  const untagged = danglingOnly ? [] : all.filter(inUse).flatMap((image) => dropSpareNames(parts, image));
  for (const image of unused) {
    for (const reference of parts.images.references(image.id)) {
      parts.images.unname(reference);
      untagged.push({ Untagged: familiar(reference) });
      parts.events.publish('image', 'untag', image.id, eventAttributes(image));
    }
  }
  const { items, freedBytes } = await deleteImages(parts, unused);
  parts.events.publish('image', 'prune', '', { reclaimed: String(freedBytes) });
  const deleted = [...untagged, ...items];
  return { ImagesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: freedBytes };
}

/** Of an image in use dockerd takes the names one by one, in their order, until the next would be the last. */
function dropSpareNames(parts: ImageParts, image: ImageRecord): readonly ImageDeleteItem[] {
  const removal = new Removal(parts, image, false);
  const sorted = [...parts.images.references(image.id)].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
  for (const reference of sorted) {
    try {
      // One that went with another's last tag.
      if (parts.images.resolve(reference) === image.id) removal.byName(familiar(reference));
    } catch (error) {
      if (!isWharfError(error, 'image.in-use')) throw error;
    }
  }
  return removal.items;
}
