/** Files of an image archive by the digests its documents give, believed only when they have them. */
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from '../../oci/digest.ts';
import { maxManifestBytes } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import type { ArchiveFile, ArchiveFiles } from './archive-files.ts';

export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** A blob of the layout, which must be what its descriptor says. */
export function blob(files: ArchiveFiles, { digest, size, mediaType }: Descriptor): ArchiveFile {
  const file = need(files, blobPath(digest));
  if (digestAlgorithm(digest) !== 'sha256')
    throw new WharfError('image.unsupported', `${digest}: only SHA-256 is supported in archives`);
  if (file.digest === digest && file.size === size) return file;
  const what = isIndexType(mediaType) ? 'index' : 'blob';
  throw new WharfError('digest.mismatch', `the ${what} ${digest} of the archive has other bytes: ${file.digest}`);
}

export function need(files: ArchiveFiles, path: string): ArchiveFile {
  const file = files.find(path);
  if (file !== undefined) return file;
  throw new WharfError('request.invalid', `the archive lacks the file ${JSON.stringify(path.slice(0, 200))}`, {
    hint: 'It may be cut short; save it again.',
  });
}

export function text(file: ArchiveFile, what: string): string {
  if (file.bytes === undefined || file.bytes.length > maxManifestBytes)
    throw new WharfError('request.invalid', `the archive's ${what} is too large`);
  return file.bytes.toString('utf8');
}

export function invalid(message: string): WharfError {
  return new WharfError('request.invalid', message);
}
