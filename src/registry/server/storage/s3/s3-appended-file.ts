/**
 * A file that grows, out of objects that can not.
 *
 *     <path>/@0000000000000000   bytes 0 .. 8 MiB - 1       each written once, whole, by whichever server had the request
 *     <path>/@0000000008388608   bytes 8 MiB .. 11 MiB - 1
 *     <path>/@0000000011534336   ...
 *            │ commit: a multipart upload of the blob's own key; S3 copies the pieces itself, small ones are joined here
 *            ▼
 *     blobs/sha256/ab/abcd.../data
 *
 * 1. What is listed is the truth: any server goes on where another stopped, and reads what it wrote (a part of an unfinished
 *    multipart upload could not be read, and so not be hashed after a restart).
 * 2. A piece is written only where none begins. Of two servers that append at one offset one fails with AppendConflict.
 * 3. Pieces count up to the first gap; what lies behind it was never answered for, and goes with the next append.
 * 4. The blob appears with the completion of its multipart upload, or its single PUT or copy: whole, or not at all.
 */

import { AppendConflict } from '../storage-driver.ts';
import type { Part, S3Bucket } from './s3-bucket.ts';
import { S3Error } from './s3-client.ts';

export interface Piece {
  readonly key: string;
  readonly start: number;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface PieceSizes {
  /** Of a piece; what one upload holds in memory is three times this. */
  readonly pieceBytes: number;
  /** S3's least size of a part that is not the last. */
  readonly minPartBytes: number;
}

export const defaultPieceSizes: PieceSizes = { pieceBytes: 8 * 1024 * 1024, minPartBytes: 5 * 1024 * 1024 };

const digits = 16;
/** S3 allows 10,000. */
const maxParts = 9_000;
const maxCopyBytes = 5 * 1024 ** 3;
const writesAtOnce = 2;
const partsAtOnce = 4;

/** The pieces that hang together from the start, in order. */
export async function piecesOf(bucket: S3Bucket, path: string): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  let end = 0;
  for await (const page of bucket.list(`${path}/@`)) {
    for (const { key, sizeBytes, modifiedAtMs } of page.objects) {
      const start = Number(key.slice(key.lastIndexOf('@') + 1));
      if (start !== end) return pieces;
      pieces.push({ key, start, sizeBytes, modifiedAtMs });
      end += sizeBytes;
    }
  }
  return pieces;
}

export function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0);
}

/** See `StorageDriver.append`. @throws AppendConflict when another server appends to it too */
export async function appendPieces(
  bucket: S3Bucket,
  path: string,
  offset: number,
  source: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): Promise<number> {
  await cutAt(bucket, path, offset);
  const writer = new PieceWriter(bucket, path, offset, pieceBytes);
  try {
    for await (const chunk of source) await writer.take(chunk);
  } catch (error) {
    // What came until then is kept; that it could not be is the lesser news.
    await writer.end().catch(() => undefined);
    throw error;
  }
  await writer.end();
  if (writer.size === 0) await bucket.put(keyOf(path, 0), [], 'absent');
  return writer.size;
}

/** Cuts the source into pieces and writes a few at once. */
class PieceWriter {
  readonly #bucket: S3Bucket;
  readonly #path: string;
  readonly #pieceBytes: number;
  #start: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  readonly #writing = new Set<Promise<void>>();
  #failure: unknown;

  constructor(bucket: S3Bucket, path: string, offset: number, pieceBytes: number) {
    this.#bucket = bucket;
    this.#path = path;
    this.#start = offset;
    this.#pieceBytes = pieceBytes;
  }

  get size(): number {
    return this.#start;
  }

  async take(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.byteLength > 0) {
      const fits = rest.subarray(0, this.#pieceBytes - this.#heldBytes);
      this.#held.push(fits);
      this.#heldBytes += fits.byteLength;
      rest = rest.subarray(fits.byteLength);
      if (this.#heldBytes === this.#pieceBytes) await this.#write();
    }
  }

  async end(): Promise<void> {
    if (this.#heldBytes > 0) await this.#write();
    await Promise.all(this.#writing);
    this.#check();
  }

  async #write(): Promise<void> {
    while (this.#writing.size >= writesAtOnce) await Promise.race(this.#writing);
    this.#check();
    const key = keyOf(this.#path, this.#start);
    const bytes = this.#held;
    this.#start += this.#heldBytes;
    this.#held = [];
    this.#heldBytes = 0;
    const writing = this.#bucket
      .put(key, bytes, 'absent')
      .then((etag) => {
        if (etag === undefined) throw new AppendConflict(`another server writes ${key}`);
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

async function cutAt(bucket: S3Bucket, path: string, offset: number): Promise<void> {
  const doomed: string[] = [];
  let spanning: Piece | undefined;
  for await (const page of bucket.list(`${path}/@`)) {
    for (const { key, sizeBytes, modifiedAtMs } of page.objects) {
      const start = Number(key.slice(key.lastIndexOf('@') + 1));
      if (start >= offset) doomed.push(key);
      else if (start + sizeBytes > offset) spanning = { key, start, sizeBytes, modifiedAtMs };
    }
  }
  await bucket.delete(doomed);
  if (spanning === undefined) return;
  const kept = await bucket.get(spanning.key);
  await bucket.put(spanning.key, [(kept?.bytes ?? Buffer.alloc(0)).subarray(0, offset - spanning.start)]);
}

/** Makes one object of all pieces; these stay. @throws Error when there are none */
export async function assemble(bucket: S3Bucket, path: string, to: string, minPartBytes: number): Promise<void> {
  const pieces = await piecesOf(bucket, path);
  const [first] = pieces;
  if (first === undefined) throw new Error(`nothing was appended to ${path}`);
  if (pieces.length === 1 && first.sizeBytes <= maxCopyBytes) return await bucket.copy(first.key, to);
  const size = sizeOf(pieces);
  if (size <= minPartBytes) return void (await bucket.put(to, await bytesOf(bucket, pieces)));
  const groups = grouped(pieces, Math.max(minPartBytes, Math.ceil(size / maxParts)));
  const uploadId = await bucket.beginMultipart(to);
  try {
    const parts: Part[] = [];
    for (let at = 0; at < groups.length; at += partsAtOnce) {
      const some = groups.slice(at, at + partsAtOnce);
      parts.push(...(await Promise.all(some.map((group, i) => makePart(bucket, to, uploadId, at + i + 1, group)))));
    }
    await complete(bucket, to, uploadId, parts, size);
  } catch (error) {
    // The next collection aborts what is left when this fails too.
    await bucket.abortMultipart(to, uploadId).catch(() => undefined);
    throw error;
  }
}

async function complete(
  bucket: S3Bucket,
  to: string,
  uploadId: string,
  parts: readonly Part[],
  sizeBytes: number,
): Promise<void> {
  try {
    await bucket.completeMultipart(to, uploadId, parts);
  } catch (error) {
    // It may have been completed by a first try whose answer was lost: then the upload is not known any more.
    const isGone = error instanceof S3Error && error.code === 'NoSuchUpload';
    if (!isGone || (await bucket.head(to))?.file.sizeBytes !== sizeBytes) throw error;
  }
}

async function makePart(
  bucket: S3Bucket,
  to: string,
  uploadId: string,
  number: number,
  group: readonly Piece[],
): Promise<Part> {
  const [only] = group;
  if (only !== undefined && group.length === 1) return await bucket.copyPart(to, uploadId, number, only.key);
  return await bucket.uploadPart(to, uploadId, number, await bytesOf(bucket, group));
}

/** Neighbours together until each group but the last has the least size. */
function grouped(pieces: readonly Piece[], minBytes: number): readonly (readonly Piece[])[] {
  const groups: Piece[][] = [];
  let current: Piece[] = [];
  for (const piece of pieces) {
    current.push(piece);
    if (sizeOf(current) < minBytes) continue;
    groups.push(current);
    current = [];
  }
  if (current.length > 0) groups.push(current);
  return groups;
}

async function bytesOf(bucket: S3Bucket, pieces: readonly Piece[]): Promise<readonly Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (const { key, sizeBytes } of pieces) {
    const found = await bucket.get(key);
    if (found?.bytes.byteLength !== sizeBytes) throw new Error(`${key} went away while it was read`);
    all.push(found.bytes);
  }
  return all;
}

function keyOf(path: string, start: number): string {
  return `${path}/@${String(start).padStart(digits, '0')}`;
}
