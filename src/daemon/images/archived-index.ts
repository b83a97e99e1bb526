/** An index of an archive with everything of it that the archive has, so that it can be kept whole. */
import type { Descriptor } from '../../oci/descriptor.ts';
import { type ImageManifest, parseManifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import { blob, blobPath, invalid, text } from './archive-blobs.ts';
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts';
import { type HeldIndex, type IndexMember, kindOfEntry } from './held-index.ts';
import { readConfig } from './image-record.ts';

export interface ArchivedIndex {
  readonly held: HeldIndex;
  /** All there is of it: documents, configs, layers. */
  readonly files: readonly ArchiveFile[];
}

const maxIndexDepth = 3;

/** Undefined when the archive has no more of it than one manifest: then that is an image like any other. */
export function archivedIndex(files: ArchiveFiles, descriptor: Descriptor, bytes: Buffer): ArchivedIndex | undefined {
  const found: ArchiveFile[] = [blob(files, descriptor)];
  const nested: Descriptor[] = [];
  const members: IndexMember[] = [];
  const list = (document: Buffer, mediaType: string, depth: number): void => {
    const parsed = parseManifest(document.toString('utf8'), mediaType);
    if (parsed.kind !== 'index' || depth >= maxIndexDepth)
      throw invalid('the archive holds an index of indexes, nested too deep');
    for (const entry of parsed.manifests) {
      if (files.find(blobPath(entry.digest)) === undefined) {
        members.push({ manifest: entry, kind: kindOfEntry(entry, true) });
        continue;
      }
      const file = blob(files, entry);
      const inner = Buffer.from(text(file, `manifest ${entry.digest}`));
      const manifest = parseManifest(inner.toString('utf8'), entry.mediaType);
      if (manifest.kind === 'manifest') {
        members.push(member(files, entry, manifest, file, found));
        continue;
      }
      list(inner, entry.mediaType, depth + 1);
      nested.push(entry);
      found.push(file);
    }
  };
  list(bytes, descriptor.mediaType, 0);
  if (members.filter(({ content }) => content !== undefined).length < 2) return undefined;
  const { mediaType, digest } = descriptor;
  return { held: { descriptor: { mediaType, digest, size: bytes.length }, nested, members }, files: found };
}

/** Without content when a blob of it is not in the archive. */
function member(
  files: ArchiveFiles,
  entry: Descriptor,
  { config, layers }: ImageManifest,
  file: ArchiveFile,
  found: ArchiveFile[],
): IndexMember {
  const isImage = isImageConfigType(config.mediaType);
  const kind = kindOfEntry(entry, isImage);
  const blobs = [config, ...layers];
  if (blobs.some(({ digest }) => files.find(blobPath(digest)) === undefined)) return { manifest: entry, kind };
  const [configFile, ...layerFiles] = blobs.map((each) => blob(files, each));
  if (configFile === undefined) return { manifest: entry, kind };
  found.push(file, configFile, ...layerFiles);
  const platform =
    entry.platform ??
    (kind === 'image' && configFile.bytes !== undefined ? readConfig(configFile.bytes).document.platform : undefined);
  return {
    manifest: entry,
    kind,
    content: { platform: platform ?? { os: 'unknown', architecture: 'unknown' }, config, layers },
  };
}
