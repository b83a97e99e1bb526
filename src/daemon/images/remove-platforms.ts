/** `docker image rm --platform`: gives up some platforms of a held index. The index and the others stay. */
import type { ImageDeleteItem } from '../../contract/engine-types.ts';
import { raise, WharfError } from '../../contract/errors.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { type HeldIndex, type HeldMember, heldImages, memberFor } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageRecord, shortId } from './image-record.ts';

/**
 * Answers undefined when nothing would be left of it: then the image itself is to be removed.
 * @throws WharfError 'image.no-platform' | 'image.in-use'
 */
export async function removePlatforms(
  parts: ImageParts,
  image: ImageRecord,
  index: HeldIndex,
  { force, platforms }: { readonly force: boolean; readonly platforms: readonly Platform[] },
): Promise<readonly ImageDeleteItem[] | undefined> {
  const going = new Set(platforms.map((platform) => memberFor(index, platform) ?? raise(notHeld(platform))));
  if (heldImages(index).every((member) => going.has(member))) return undefined;
  for (const member of going) checkUnused(parts, image, member, force);
  const members = index.members.map((member) =>
    [...going].some(({ manifest }) => manifest.digest === member.manifest.digest)
      ? { manifest: member.manifest, kind: member.kind }
      : member,
  );
  parts.images.setIndex({ ...index, members });
  for (const { content } of going) {
    const id = content.config.digest;
    const isLeft = parts.images.references(id).length === 0 && parts.images.indexesWith(id).length === 0;
    if (isLeft && parts.users.usersOf(id).length === 0) parts.images.delete(id);
  }
  await parts.garbage.collect();
  return [...going].map(({ manifest }) => ({ Deleted: manifest.digest }));
}

function checkUnused(parts: ImageParts, image: ImageRecord, { content }: HeldMember, force: boolean): void {
  const name = formatPlatform(content.platform);
  if (content.config.digest === image.id) {
    throw new WharfError(
      'image.in-use',
      `conflict: unable to delete ${name} - it is what the name stands for on this machine`,
      { hint: 'Remove the other platforms, or the image as a whole.' },
    );
  }
  const users = parts.users.usersOf(content.config.digest);
  const user = users.find(({ running }) => running) ?? (force ? undefined : users[0]);
  if (user === undefined) return;
  throw new WharfError(
    'image.in-use',
    `conflict: unable to delete ${name} of ${shortId(image.id)} - container ${shortId(user.containerId)} is using it`,
  );
}

function notHeld(platform: Platform): WharfError {
  return new WharfError('image.no-platform', `the image is not here for ${formatPlatform(platform)}`);
}
