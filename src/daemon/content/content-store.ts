/**
 * Blobs by digest: layers as they were packed, configs, manifests.
 *
 *     <root>/blobs/sha256/<hex>     complete and verified; visible by rename, never changed afterwards
 *     <root>/ingest/sha256-<hex>    on its way in; its length is how far it got
 *
 *     open(offset) ──► ingest file ──► digest and size right? ──► fsync ──► rename to blobs
 *                          │                   │ no
 *                          │ cut               ▼
 *                          └─► kept, resumed   removed, the error says what differed
 *
 * 1. What is in blobs/ matched its digest when it was written; whoever opens it may trust it. `check` looks whether it still
 *    does, for disks forget.
 * 2. One writer a digest: a second ingest of the same digest waits for the first and then finds it done.
 * 3. Garbage collection takes what is neither reachable from the given roots nor leased nor on its way in. Whoever brings
 *    a blob in before something durable refers to it holds a lease from before the ingest until that reference stands.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, type ReadStream, renameSync } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { raise, WharfError } from '../../contract/errors.ts';
import { type Digest, digestAlgorithm, digestHex, isDigest, sha256Digest } from '../../oci/digest.ts';
import { type BlobSource, diskError, type IngestOptions, ingestBlob } from './ingest.ts';

export interface BlobInfo {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export type BlobDamage = { readonly kind: 'missing' } | { readonly kind: 'damaged'; readonly what: string };

/** Keeps digests from being collected until it is released. */
export interface Lease extends Disposable {
  add(digest: Digest): void;
}

export interface ContentStore {
  /** Makes the folders, and removes what an earlier run left on its way in, large parts of downloads of the last day excepted. */
  init(): Promise<void>;
  info(digest: Digest): Promise<BlobInfo | undefined>;
  /** Where a complete blob lies; for readers in other threads. It exists only while `info` finds it. */
  path(digest: Digest): string;
  /** @throws through the stream: ENOENT when there is no such blob. `end` is the first byte not to read. */
  open(digest: Digest, range?: { readonly start?: number; readonly end?: number }): ReadStream;
  /** A whole small blob. @throws WharfError 'internal' when it is missing or larger than `maxBytes` */
  read(digest: Digest, maxBytes: number): Promise<Buffer>;
  /**
   * Brings a blob in, or finds it there. A cut download leaves what came, and the next call goes on from there; a cancelled
   * one, a full disk or wrong bytes leave nothing.
   * @throws WharfError 'digest.mismatch' | 'size.mismatch' | 'disk.full', and what `source` throws
   */
  ingest(
    blob: { readonly digest: Digest; readonly size: number },
    source: BlobSource,
    options: IngestOptions,
  ): Promise<void>;
  /** Hashes a blob that is here again. Undefined: it is as it should be. */
  check(
    digest: Digest,
    options: { readonly signal: AbortSignal; readonly onBytes?: (read: number) => void },
  ): Promise<BlobDamage | undefined>;
  /** Stores bytes of our own under their SHA-256 digest. */
  put(bytes: Uint8Array): Promise<Digest>;
  /** As `put`, for a stream. The caller's lease gets the digest before the blob is visible. */
  putStream(bytes: Readable, options: { readonly signal: AbortSignal; readonly lease: Lease }): Promise<BlobInfo>;
  delete(digest: Digest): Promise<void>;
  list(): Promise<readonly BlobInfo[]>;
  lease(): Lease;
  /** Removes what `isReachable` does not want, and unfinished blobs; not those leased or on their way. Answers what went. */
  collect(
    isReachable: (digest: Digest) => boolean,
    options?: { readonly keepPartials?: boolean },
  ): Promise<readonly BlobInfo[]>;
}

/** Chunks that wait for the disk are written together: one call for many. */
const writeAheadBytes = 4 << 20;

export function createContentStore(options: { readonly root: string }): ContentStore {
  const blobs = join(options.root, 'blobs');
  const incoming = join(options.root, 'ingest');
  /** What is on its way in, so that a second ingest of it waits. */
  const ingests = new Map<Digest, Promise<void>>();
  const leases = new Set<Set<Digest>>();
  const path = (digest: Digest): string => join(blobs, digestAlgorithm(digest), digestHex(digest));
  const isLeased = (digest: Digest): boolean => [...leases].some((lease) => lease.has(digest));

  const info = async (digest: Digest): Promise<BlobInfo | undefined> => {
    const stats = await stat(path(digest)).catch(undefinedWhenMissing);
    return stats === undefined ? undefined : { digest, sizeBytes: stats.size };
  };

  const list = async (): Promise<readonly BlobInfo[]> => {
    const found: BlobInfo[] = [];
    for (const algorithm of await readdir(blobs)) {
      for (const hex of await readdir(join(blobs, algorithm))) {
        const text = `${algorithm}:${hex}`;
        const blob = isDigest(text) ? await info(text) : undefined;
        if (blob !== undefined) found.push(blob);
      }
    }
    return found;
  };

  /** What cut downloads left and nobody has come back for. */
  const collectPartials = async (): Promise<readonly BlobInfo[]> => {
    const gone: BlobInfo[] = [];
    for (const name of await readdir(incoming)) {
      const digest = name.replace('-', ':');
      if (!isDigest(digest) || isLeased(digest) || ingests.has(digest)) continue;
      const grave = join(incoming, crypto.randomUUID());
      if (!moveAway(join(incoming, name), grave)) continue;
      gone.push({ digest, sizeBytes: (await stat(grave)).size });
      await rm(grave, { force: true });
    }
    return gone;
  };

  const ingestOnce: ContentStore['ingest'] = async (blob, source, ingestOptions) => {
    if (ingestOptions.replace !== true && (await info(blob.digest)) !== undefined) return;
    const partial = join(incoming, blob.digest.replace(':', '-'));
    await ingestBlob({ blob, partial, target: path(blob.digest) }, source, ingestOptions);
  };

  return {
    async init() {
      await mkdir(incoming, { recursive: true });
      for (const name of await readdir(incoming))
        if (!(await isWorthResuming(incoming, name))) await rm(join(incoming, name), { recursive: true, force: true });
      for (const algorithm of ['sha256', 'sha384', 'sha512']) await mkdir(join(blobs, algorithm), { recursive: true });
    },
    info,
    path,
    open: (digest, range = {}) =>
      createReadStream(path(digest), {
        start: range.start ?? 0,
        ...(range.end === undefined ? {} : { end: range.end - 1 }),
        highWaterMark: 1 << 18,
      }),
    async read(digest, maxBytes) {
      const blob = (await info(digest)) ?? raise(new WharfError('internal', `blob ${digest} is missing`));
      if (blob.sizeBytes > maxBytes)
        throw new WharfError('internal', `blob ${digest} is larger than ${maxBytes} bytes`);
      return readFile(path(digest));
    },
    async ingest(blob, source, ingestOptions) {
      for (;;) {
        const running = ingests.get(blob.digest);
        if (running === undefined) break;
        await waitFor(running, ingestOptions.signal);
      }
      const work = ingestOnce(blob, source, ingestOptions).finally(() => ingests.delete(blob.digest));
      ingests.set(blob.digest, work);
      await work;
    },
    async check(digest, { signal, onBytes }) {
      const hash = createHash(digestAlgorithm(digest));
      let read = 0;
      try {
        for await (const chunk of createReadStream(path(digest), { highWaterMark: 1 << 18, signal })) {
          hash.update(chunk);
          read += chunk.length;
          onBytes?.(read);
        }
      } catch (error) {
        signal.throwIfAborted();
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
        return code === 'ENOENT' ? { kind: 'missing' } : { kind: 'damaged', what: `it can not be read (${code})` };
      }
      const actual = hash.digest('hex');
      if (actual === digestHex(digest)) return undefined;
      return { kind: 'damaged', what: `its ${read} bytes have the digest ${digestAlgorithm(digest)}:${actual}` };
    },
    async put(bytes) {
      const digest = sha256Digest(createHash('sha256').update(bytes).digest('hex'));
      if ((await info(digest)) === undefined) await putFile(join(incoming, crypto.randomUUID()), path(digest), bytes);
      return digest;
    },
    async putStream(bytes, { signal, lease }) {
      const temporary = join(incoming, crypto.randomUUID());
      const hash = createHash('sha256');
      let sizeBytes = 0;
      const counted = async function* () {
        for await (const chunk of bytes) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          yield chunk;
        }
      };
      try {
        await pipeline(
          counted,
          createWriteStream(temporary, { flags: 'wx', flush: true, highWaterMark: writeAheadBytes }),
          { signal },
        );
        const digest = sha256Digest(hash.digest('hex'));
        lease.add(digest);
        await rename(temporary, path(digest));
        return { digest, sizeBytes };
      } catch (error) {
        await rm(temporary, { force: true });
        throw diskError(error, 'store a blob');
      }
    },
    delete: (digest) => rm(path(digest), { force: true }),
    list,
    lease() {
      const held = new Set<Digest>();
      leases.add(held);
      return { add: (digest) => held.add(digest), [Symbol.dispose]: () => leases.delete(held) };
    },
    async collect(isReachable, { keepPartials = false } = {}) {
      const gone: BlobInfo[] = [];
      for (const blob of await list()) {
        // Asked and taken out of sight in one go: a lease may have been taken while this loop waited, and one that is
        // taken from here on no longer finds the blob.
        if (isReachable(blob.digest) || isLeased(blob.digest) || ingests.has(blob.digest)) continue;
        const grave = join(incoming, crypto.randomUUID());
        if (!moveAway(path(blob.digest), grave)) continue;
        await rm(grave, { force: true });
        gone.push(blob);
      }
      return keepPartials ? gone : [...gone, ...(await collectPartials())];
    },
  };
}

/** Less comes again in a moment; what is older nobody waits for. */
const worthResumingBytes = 1 << 20;
const partialsLastMs = 24 * 60 * 60 * 1000;

/** Whether this is a good part of a blob that a crash cut off. The digest is checked when it is whole, so nothing is trusted. */
async function isWorthResuming(folder: string, name: string): Promise<boolean> {
  if (!isDigest(name.replace('-', ':'))) return false;
  const stats = await lstat(join(folder, name));
  return stats.isFile() && stats.size >= worthResumingBytes && Date.now() - stats.mtimeMs < partialsLastMs;
}

/** Answers whether there was something to move. */
function moveAway(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function putFile(temporary: string, target: string, bytes: Uint8Array): Promise<void> {
  try {
    await using file = await open(temporary, 'wx');
    await file.writeFile(bytes);
    await file.sync();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw diskError(error, 'store a blob');
  }
}

/** Waits for somebody else's ingest; its failure is theirs, so only our own cancellation throws. */
async function waitFor(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const cancel = () => reject(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    const done = () => {
      signal.removeEventListener('abort', cancel);
      resolve();
    };
    work.then(done, done);
  });
}

function undefinedWhenMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
