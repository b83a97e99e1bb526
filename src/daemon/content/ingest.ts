/**
 * One blob on its way in: stream to a file while hashing, verify, make durable, make visible. The picture is in content-store.ts.
 *
 * Hashing stays on the main thread: SHA-256 takes 40 us for a 64 KiB chunk here (1.6 GB/s), so no chunk holds the event
 * loop for longer than reading it from the socket does, and handing chunks to a worker costs more than that.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, statfsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { type Digest, digestAlgorithm, digestHex } from '../../oci/digest.ts';

/** Opens the blob's bytes from `offset` on. */
export type BlobSource = (offset: number, signal: AbortSignal) => Promise<Readable>;

export interface IngestOptions {
  readonly signal: AbortSignal;
  /** How many bytes are here by now. */
  readonly onBytes?: (received: number) => void;
  /** Puts it in the place of one that is there: its bytes are not what they were. */
  readonly replace?: boolean;
  /** All bytes are here; what remains is to make sure and to make durable. */
  readonly onVerifying?: () => void;
}

interface IngestPlan {
  readonly blob: { readonly digest: Digest; readonly size: number };
  readonly partial: string;
  readonly target: string;
}

/** Small chunks are gathered up to this before they are written. */
const writeBatchBytes = 1 << 20;
/** Kept free for everything else on the disk. */
const reserveBytes = 16 << 20;

export async function ingestBlob(plan: IngestPlan, source: BlobSource, options: IngestOptions): Promise<void> {
  const resumed = await attempt(plan, source, options);
  // A partial of another day may hold wrong bytes; then the whole blob deserves one try of its own.
  if (resumed === 'resumed-wrong') await attempt(plan, source, options);
}

async function attempt(
  plan: IngestPlan,
  source: BlobSource,
  options: IngestOptions,
): Promise<'done' | 'resumed-wrong'> {
  const { blob, partial, target } = plan;
  options.signal.throwIfAborted();
  let resumedAt = 0;
  try {
    await using file = await open(partial, 'a+');
    const hash = createHash(digestAlgorithm(blob.digest));
    resumedAt = await rehash(file, partial, blob.size, hash, options.signal);
    checkSpace(partial, blob.size - resumedAt);
    if (resumedAt < blob.size || blob.size === 0) await receive(file, hash, resumedAt, plan, source, options);
    options.onVerifying?.();
    const actual = hash.digest('hex');
    if (actual !== digestHex(blob.digest)) {
      throw new WharfError(
        'digest.mismatch',
        // In the words of the registry client, which leaves the hashing to this file.
        `the bytes of the blob ${blob.digest} have the digest ${digestAlgorithm(blob.digest)}:${actual}`,
      );
    }
    await file.sync();
    options.signal.throwIfAborted();
    await rename(partial, target);
    return 'done';
  } catch (error) {
    const wrong = isWharfError(error, 'digest.mismatch') || isWharfError(error, 'size.mismatch');
    const failure = diskError(error, `store blob ${blob.digest}`);
    if (wrong || options.signal.aborted || isWharfError(failure, 'disk.full')) await rm(partial, { force: true });
    if (wrong && resumedAt > 0 && !options.signal.aborted) return 'resumed-wrong';
    throw failure;
  }
}

/** Feeds what an earlier, cut download left into the hash; answers its length. A partial longer than the blob is dropped. */
async function rehash(file: FileHandle, path: string, size: number, hash: Hash, signal: AbortSignal): Promise<number> {
  const { size: have } = await file.stat();
  if (have === 0) return 0;
  if (have > size) {
    await file.truncate(0);
    return 0;
  }
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18, signal })) hash.update(chunk);
  return have;
}

async function receive(
  file: FileHandle,
  hash: Hash,
  offset: number,
  plan: IngestPlan,
  source: BlobSource,
  options: IngestOptions,
): Promise<void> {
  const { blob } = plan;
  const stream = await source(offset, options.signal);
  // Without this the loop below would sit on a silent connection after a cancellation.
  const cancel = () => stream.destroy(abortError(options.signal));
  options.signal.addEventListener('abort', cancel, { once: true });
  let received = offset;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async () => {
    await writeAll(file, pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    options.onBytes?.(received);
  };
  try {
    if (options.signal.aborted) cancel();
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) throw new WharfError('internal', 'a blob stream must be bytes');
      received += chunk.length;
      if (received > blob.size) throw sizeMismatch(blob, `more than ${blob.size}`);
      hash.update(chunk);
      pending.push(chunk);
      pendingBytes += chunk.length;
      if (pendingBytes >= writeBatchBytes) await flush();
    }
    if (received !== blob.size) throw sizeMismatch(blob, `only ${received}`);
  } finally {
    options.signal.removeEventListener('abort', cancel);
    stream.destroy();
    // After a cut what came is worth keeping.
    if (pendingBytes > 0 && !options.signal.aborted) await flush();
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], total: number): Promise<void> {
  let { bytesWritten: done } = await file.writev([...chunks]);
  if (done === total) return;
  // A short write: the disk is nearly full. Write the rest singly, which ends in ENOSPC or in success.
  const rest = Buffer.concat(chunks);
  while (done < total) done += (await file.write(rest, done, total - done)).bytesWritten;
}

function checkSpace(path: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(path);
  const availableBytes = bavail * bsize;
  if (neededBytes + reserveBytes > availableBytes) {
    throw new WharfError(
      'disk.full',
      `no space left on device: ${neededBytes} bytes are needed and ${availableBytes} are free`,
    );
  }
}

function sizeMismatch(blob: { digest: Digest; size: number }, came: string): WharfError {
  return new WharfError('size.mismatch', `${blob.digest} was announced with ${blob.size} bytes and ${came} came`);
}

function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('cancelled');
}

/** Names a full disk as such; everything else stays what it is. */
export function diskError(error: unknown, attempted: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new WharfError('disk.full', `${attempted}: no space left on device`, { cause: error });
}
