/**
 * An index that is kept with (some of) the images it lists, as `pull --all-platforms` and `load` keep it.
 *
 *     tag ──► image (this machine's platform; unpacked)
 *      └────► held index ──► members: manifest + config + layers, packed; unpacked when they run
 *
 * 1. An index is held as long as a name stands for it: a tag that was pulled, loaded or made with it, or its digest in a
 *    repository. Then all its members' blobs stay.
 * 2. The image a tag means where nobody asks for a platform is one of the members.
 * 3. A member that has run here has an image's record of its own, without a name. It is not dangling: it goes with the index.
 */
import { type Descriptor, descriptorFromJson } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isJsonObject, type JsonObject, malformed, objectList } from '../../oci/json-fields.ts';
import { choosePlatform, type Platform, platformFromJson } from '../../oci/platform.ts';

export interface MemberContent {
  readonly platform: Platform;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface IndexMember {
  /** As the index lists it. */
  readonly manifest: Descriptor;
  readonly kind: 'image' | 'attestation' | 'unknown';
  /** What the manifest consists of; undefined when it is not here. */
  readonly content?: MemberContent;
}

export interface HeldIndex {
  readonly descriptor: Descriptor;
  /** Indexes inside of it, innermost first. */
  readonly nested: readonly Descriptor[];
  readonly members: readonly IndexMember[];
}

export type HeldMember = IndexMember & { readonly content: MemberContent };

export function isHeld(member: IndexMember): member is HeldMember {
  return member.content !== undefined;
}

/** Images of it that are here, in the order of the index. */
export function heldImages(index: HeldIndex): readonly HeldMember[] {
  return index.members.filter(isHeld).filter(({ kind }) => kind === 'image');
}

/** What a machine of this platform runs of it, as far as it is here. */
export function memberFor(index: HeldIndex, wanted: Platform): HeldMember | undefined {
  const images = heldImages(index).map((member) => ({ member, platform: member.content.platform }));
  return choosePlatform(images, wanted)?.member;
}

/** Every blob that must stay for it. */
export function blobsOfIndex(index: HeldIndex): readonly Digest[] {
  return [
    index.descriptor.digest,
    ...index.nested.map(({ digest }) => digest),
    ...index.members.filter(isHeld).flatMap(blobsOfMember),
  ];
}

export function blobsOfMember({ manifest, content }: HeldMember): readonly Digest[] {
  return [manifest.digest, content.config.digest, ...content.layers.map(({ digest }) => digest)];
}

/** What the index says of a manifest it lists. Attestations are marked as BuildKit marks them. */
export function kindOfEntry(entry: Descriptor, isImage: boolean): IndexMember['kind'] {
  if (entry.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') return 'attestation';
  return isImage && entry.platform?.os !== 'unknown' ? 'image' : 'unknown';
}

/** @throws OciFormatError 'manifest.invalid' when the stored text makes no sense */
export function heldIndexFromJson(json: unknown): HeldIndex {
  if (!isJsonObject(json)) throw malformed('held index', 'an object');
  return {
    descriptor: descriptorFromJson(json.descriptor, 'held index'),
    nested: objectList(json, 'nested', 'held index', 4096).map((item) => descriptorFromJson(item, 'nested index')),
    members: objectList(json, 'members', 'held index', 4096).map(memberFromJson),
  };
}

function memberFromJson(json: JsonObject): IndexMember {
  const { kind, content } = json;
  const manifest = descriptorFromJson(json.manifest, 'held index.members');
  const known = kind === 'image' || kind === 'attestation' ? kind : 'unknown';
  if (!isJsonObject(content)) return { manifest, kind: known };
  return { manifest, kind: known, content: contentFromJson(content) };
}

function contentFromJson(content: JsonObject): MemberContent {
  return {
    platform: platformFromJson(isJsonObject(content.platform) ? content.platform : {}, 'held index.members.platform'),
    config: descriptorFromJson(content.config, 'held index.members.config'),
    layers: objectList(content, 'layers', 'held index.members', 1024).map((item) => descriptorFromJson(item, 'layer')),
  };
}
