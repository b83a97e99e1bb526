/** What `manifests=1` tells of an image: each manifest of its index with what of it is here, as dockerd's containerd store does. */
import type { ManifestSummary } from '../../contract/engine-types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type HeldIndex, type HeldMember, type IndexMember, isHeld } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageRecord, pairLayers } from './image-record.ts';

/** Of an image without an index there is one: its own. */
export async function manifestSummaries(
  parts: ImageParts,
  image: ImageRecord,
  index: HeldIndex | undefined,
): Promise<readonly ManifestSummary[]> {
  const members = index?.members ?? [memberOfRecord(image)];
  return await Promise.all(members.map((member) => summary(parts, member)));
}

/** What an image is: its index where that is held. */
export function targetOf(image: ImageRecord, index: HeldIndex | undefined): Descriptor {
  const { mediaType, digest, size } = index?.descriptor ?? image.manifest;
  return { mediaType, digest, size };
}

function memberOfRecord(image: ImageRecord): HeldMember {
  const { platform } = image.document;
  const config = { mediaType: '', digest: image.id, size: 0 };
  const content = { platform, config, layers: image.layers.map(({ blob }) => blob) };
  return { manifest: { ...image.manifest, platform }, kind: 'image', content };
}

async function summary(parts: ImageParts, member: IndexMember): Promise<ManifestSummary> {
  const { manifest, kind } = member;
  const common = { ID: manifest.digest, Descriptor: { ...manifest, urls: undefined }, Kind: kind };
  if (!isHeld(member)) return { ...common, Available: false, Size: { Content: 0, Total: 0 }, ...dataOf(member, 0, []) };
  const { config, layers } = member.content;
  const blobs = [manifest.digest, config.digest, ...layers.map(({ digest }) => digest)];
  const sizes = await Promise.all([...new Set(blobs)].map((digest) => sizeHere(parts, digest)));
  const content = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  const unpacked = unpackedBytes(parts, member);
  const containers = parts.users.usersOf(config.digest).map(({ containerId }) => containerId);
  return {
    ...common,
    Available: !sizes.includes(undefined),
    Size: { Content: content, Total: content + unpacked },
    ...dataOf(member, unpacked, containers),
  };
}

function dataOf({ manifest, kind, content }: IndexMember, unpacked: number, containers: readonly string[]) {
  const { platform } = content ?? manifest;
  switch (kind) {
    case 'image':
      return {
        ImageData: {
          Platform: platform ?? { architecture: '', os: '' },
          Size: { Unpacked: unpacked },
          Containers: containers,
        },
      };
    case 'attestation':
      return { AttestationData: { For: manifest.annotations?.['vnd.docker.reference.digest'] ?? '' } };
    case 'unknown':
      return {};
  }
}

async function sizeHere(parts: ImageParts, digest: Digest): Promise<number | undefined> {
  return (await parts.content.info(digest))?.sizeBytes;
}

/** Of layers that are unpacked: an image that never ran takes none. */
function unpackedBytes({ images, snapshots }: ImageParts, { content }: HeldMember): number {
  const record = images.get(content.config.digest);
  if (record === undefined) return 0;
  return pairLayers(content.layers, record.document.diffIds)
    .filter(({ chainId }) => snapshots.hasLayer(chainId))
    .reduce((sum, { chainId }) => sum + snapshots.layerUsage(chainId).sizeBytes, 0);
}
