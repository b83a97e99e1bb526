/**
 * Keeps the registry in a bucket of an S3-compatible store. Nothing is kept here: any number of servers may work on one
 * bucket, and each sees at once what another wrote (S3's reads and lists are consistent after a write).
 */
import { Readable } from 'node:stream';
import { WharfError } from '../../../../contract/errors.ts';
import type { SharedFile, SharedStorage, StorageDriver, StoredFile } from '../storage-driver.ts';
import { conditionProbePath } from '../storage-paths.ts';
import { appendPieces, assemble, defaultPieceSizes, type PieceSizes, piecesOf, sizeOf } from './s3-appended-file.ts';
import { S3Bucket } from './s3-bucket.ts';
import { type S3Client, S3Error } from './s3-client.ts';

export interface S3DriverOptions {
  readonly client: S3Client;
  /** Before each key; '' or ends with `/`. */
  readonly prefix: string;
  /** Which paths may be appended to: only these are looked for in pieces. All when it is left out. */
  readonly mayGrow?: (path: string) => boolean;
  readonly sizes?: PieceSizes;
  /** No other server works on these keys: nothing is shared, and nothing written on a condition. */
  readonly exclusive?: boolean;
}

const readAheadBytes = 512 * 1024;

export class S3Driver implements StorageDriver, SharedStorage {
  readonly #client: S3Client;
  readonly #bucket: S3Bucket;
  readonly #prefix: string;
  readonly #mayGrow: (path: string) => boolean;
  readonly #sizes: PieceSizes;
  readonly #exclusive: boolean;

  constructor(options: S3DriverOptions) {
    this.#client = options.client;
    this.#exclusive = options.exclusive ?? false;
    this.#bucket = new S3Bucket(options.client, !this.#exclusive);
    this.#prefix = options.prefix;
    this.#mayGrow = options.mayGrow ?? (() => true);
    this.#sizes = options.sizes ?? defaultPieceSizes;
  }

  get shared(): SharedStorage | undefined {
    return this.#exclusive ? undefined : this;
  }

  /**
   * Whether the bucket is there and may be used, and whether the store keeps the conditions that several servers need.
   * @throws WharfError 'request.invalid'
   */
  async check(): Promise<void> {
    const probe = this.#at(conditionProbePath);
    const told = Buffer.from('Written once: a store that writes it again keeps no conditions.\n');
    try {
      await this.list('');
      if (this.#exclusive) return;
      await this.#bucket.put(probe, [told], 'absent');
      if ((await this.#bucket.put(probe, [told], 'absent')) === undefined) return;
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      throw new WharfError('request.invalid', `the bucket ${this.#client.bucket} can not be used: ${error.message}`, {
        hint: 'See the keys, storage.s3 of the settings, AWS_REGION and AWS_ENDPOINT_URL_S3.',
        cause: error,
      });
    }
    throw new WharfError('request.invalid', 'this S3 store writes although a condition of the write does not hold', {
      hint: 'Several servers can not share it. For one alone, set "exclusive": true in storage.s3 of the settings.',
    });
  }

  async read(path: string): Promise<Buffer | undefined> {
    const file = await this.#bucket.get(this.#at(path));
    if (file !== undefined) return file.bytes;
    const size = this.#mayGrow(path) ? sizeOf(await piecesOf(this.#bucket, this.#at(path))) : 0;
    if (size === 0) return undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of this.#bytes(path, { start: 0, end: size - 1 })) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#bucket.put(this.#at(path), [bytes]);
  }

  async stat(path: string): Promise<StoredFile | undefined> {
    const pieces = this.#mayGrow(path) ? await piecesOf(this.#bucket, this.#at(path)) : [];
    if (pieces.length > 0)
      return { sizeBytes: sizeOf(pieces), modifiedAtMs: Math.max(...pieces.map((piece) => piece.modifiedAtMs)) };
    const found = await this.#bucket.head(this.#at(path));
    return found && { sizeBytes: found.file.sizeBytes, modifiedAtMs: found.file.modifiedAtMs };
  }

  openRead(path: string, range: { readonly start: number; readonly end: number }): Readable {
    return Readable.from(this.#bytes(path, range), { objectMode: false, highWaterMark: readAheadBytes });
  }

  async append(path: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    return await appendPieces(this.#bucket, this.#at(path), offset, source, this.#sizes.pieceBytes);
  }

  async commit(from: string, to: string): Promise<void> {
    await assemble(this.#bucket, this.#at(from), this.#at(to), this.#sizes.minPartBytes);
    await this.remove(from);
  }

  async list(path: string): Promise<readonly string[]> {
    const prefix = path === '' ? this.#prefix : `${this.#at(path)}/`;
    const names: string[] = [];
    for await (const page of this.#bucket.list(prefix, '/')) {
      for (const { key } of page.objects) names.push(key.slice(prefix.length));
      for (const folder of page.folders) names.push(folder.slice(prefix.length, -1));
    }
    // Some stores keep an empty object for a folder that somebody made in their own page.
    return names.filter((name) => name !== '').sort();
  }

  async remove(path: string): Promise<boolean> {
    let removed = false;
    for await (const page of this.#bucket.list(`${this.#at(path)}/`)) {
      await this.#bucket.delete(page.objects.map((file) => file.key));
      removed ||= page.objects.length > 0;
    }
    if (removed) return true;
    if ((await this.#bucket.head(this.#at(path))) === undefined) return false;
    await this.#bucket.delete([this.#at(path)]);
    return true;
  }

  async readShared(path: string): Promise<SharedFile | undefined> {
    const found = await this.#bucket.get(this.#at(path));
    return found && { bytes: found.bytes, version: found.etag };
  }

  async writeShared(path: string, bytes: Uint8Array, over: string | undefined): Promise<string | undefined> {
    return await this.#bucket.put(this.#at(path), [bytes], over === undefined ? 'absent' : { etag: over });
  }

  async abandonUnfinished(beforeMs: number): Promise<void> {
    for (const { key, uploadId, begunAtMs } of await this.#bucket.unfinishedMultiparts(this.#prefix))
      if (begunAtMs < beforeMs) await this.#bucket.abortMultipart(key, uploadId);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async *#bytes(path: string, range: { readonly start: number; readonly end: number }): AsyncGenerator<Uint8Array> {
    const key = this.#at(path);
    const pieces = this.#mayGrow(path) ? await piecesOf(this.#bucket, key) : [];
    if (pieces.length === 0) return yield* this.#objectBytes(key, range.start, range.end);
    for (const piece of pieces) {
      const start = Math.max(0, range.start - piece.start);
      const end = Math.min(piece.sizeBytes - 1, range.end - piece.start);
      if (start <= end) yield* this.#objectBytes(piece.key, start, end);
    }
  }

  /** Goes on where a connection was cut, as long as it is the same object. */
  async *#objectBytes(key: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    let at = start;
    let etag: string | undefined;
    let failures = 0;
    while (at <= end) {
      try {
        const body = await this.#bucket.open(key, at, end, etag);
        if (body === undefined) throw new S3Error(`${key} is not there`, { status: 404, code: 'NoSuchKey' });
        etag ??= body.headers.etag;
        // Who stops reading in the middle ends this loop, and with it the connection.
        for await (const chunk of body) {
          at += chunk.byteLength;
          failures = 0;
          yield chunk;
        }
        if (at <= end) throw new S3Error(`${key} ended early`, { status: 0, code: 'Unreachable' });
      } catch (error) {
        const isCut = !(error instanceof S3Error) || error.isPassing;
        if (!isCut || ++failures >= this.#client.attempts) throw error;
        await this.#client.pauseAfter(failures);
      }
    }
  }

  #at(path: string): string {
    // Paths come from storage-paths.ts, which parses names first; this is the second lock on the same door.
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..' || part.includes('\0')))
      throw new TypeError(`not a storage path: ${JSON.stringify(path)}`);
    return this.#prefix + path;
  }
}
