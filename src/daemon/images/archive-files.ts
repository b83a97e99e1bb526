/**
 * The files of an image archive (docker save, OCI layout), taken out of the tar as it comes: nothing is written by a name
 * of the archive. Small files stay in memory, larger ones go straight into the content store under the caller's lease.
 *
 *     tar ──► parser ──► small: bytes            ──► find(name): bytes or a blob's digest and size
 *                   └──► large: content store (hashed on the way)
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { posix } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import { type Digest, sha256Digest } from '../../oci/digest.ts';
import type { BlobInfo, ContentStore, Lease } from '../content/content-store.ts';
import { isUnpackError } from '../snapshots/decompress.ts';
import { insideParts, type TarEntry } from '../snapshots/tar-format.ts';
import { TarParser } from '../snapshots/tar-parser.ts';
import { plainTar } from './archive-bytes.ts';

export interface ArchiveFiles {
  /** By its path in the archive, links followed; undefined when there is no such file. */
  find(path: string): ArchiveFile | undefined;
}

export interface ArchiveFile {
  readonly digest: Digest;
  readonly size: number;
  /** Of small files, which are not in the content store yet. */
  readonly bytes: Buffer | undefined;
}

/** Manifests and configs are smaller; what is larger need not be in memory. */
const smallBytes = 1 << 20;
const maxSmallTotalBytes = 64 << 20;
const maxFiles = 100_000;
const maxLinkSteps = 8;

interface Scope {
  readonly content: ContentStore;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** Bytes of the plain archive read so far. */
  readonly onBytes?: (bytes: number) => void;
}

/** @throws WharfError 'layer.corrupt' | 'disk.full' | 'request.invalid'; the signal's reason */
export async function readArchive(archive: Readable, scope: Scope): Promise<ArchiveFiles> {
  const collector = new Collector(scope);
  const parser = new TarParser({
    entry: (entry) => collector.plan({ kind: 'entry', entry }),
    data: (bytes) => collector.plan({ kind: 'data', bytes }),
    endFile: () => collector.plan({ kind: 'end' }),
  });
  const cancel = () => archive.destroy();
  scope.signal.addEventListener('abort', cancel, { once: true });
  let total = 0;
  try {
    const plain = await plainTar(archive);
    for await (const chunk of plain) {
      scope.signal.throwIfAborted();
      parser.write(chunk);
      await collector.work();
      total += chunk.length;
      scope.onBytes?.(total);
    }
    scope.signal.throwIfAborted();
    parser.end();
    await collector.work();
    await collector.settle();
    return collector.files();
  } catch (error) {
    scope.signal.throwIfAborted();
    if (!isUnpackError(error)) throw error;
    throw new WharfError('layer.corrupt', `the archive is damaged: ${String(error)}`, { cause: error });
  } finally {
    scope.signal.removeEventListener('abort', cancel);
    await collector.abandon();
    archive.destroy();
  }
}

type Step =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' };

interface LargeFile {
  readonly name: string;
  readonly input: PassThrough;
  readonly stored: Promise<BlobInfo>;
}

/** Files that wait for the disk while the next ones are read. */
const maxWaiting = 8;

/** The parser calls synchronously; what takes time is planned first and done between two chunks. */
class Collector {
  readonly #scope: Scope;
  readonly #found = new Map<string, ArchiveFile>();
  readonly #links = new Map<string, string>();
  #steps: Step[] = [];
  #small: { readonly name: string; readonly pieces: Uint8Array[] } | undefined;
  #large: LargeFile | undefined;
  /** All of them is here, but not on the disk yet: the disk writes while the archive is read on. */
  #waiting: LargeFile[] = [];
  #smallTotal = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  plan(step: Step): void {
    this.#steps.push(step);
  }

  async work(): Promise<void> {
    const steps = this.#steps;
    this.#steps = [];
    for (const step of steps) {
      if (step.kind === 'entry') this.#begin(step.entry);
      else if (step.kind === 'data') await this.#data(step.bytes);
      else await this.#end();
    }
  }

  /** After a failure: lets go of the file that was being written, and waits for those before it. */
  async abandon(): Promise<void> {
    const large = this.#large;
    large?.input.destroy(new Error('the archive ended early'));
    await Promise.allSettled([large, ...this.#waiting].map((file) => file?.stored));
  }

  /** Waits until all that was read is on the disk. */
  async settle(): Promise<void> {
    while (this.#waiting.length > 0) await this.#settleFirst();
  }

  async #settleFirst(): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const { digest, sizeBytes } = await first.stored;
    this.#waiting.shift();
    this.#found.set(first.name, { digest, size: sizeBytes, bytes: undefined });
  }

  files(): ArchiveFiles {
    return {
      find: (path) => {
        let name: string | undefined = plainName(path);
        for (let steps = 0; name !== undefined && steps < maxLinkSteps; steps++) {
          const file = this.#found.get(name);
          if (file !== undefined) return file;
          name = this.#links.get(name);
        }
        return undefined;
      },
    };
  }

  #begin(entry: TarEntry): void {
    const name = plainName(entry.name);
    if (name === undefined) return;
    if (this.#found.size + this.#links.size >= maxFiles)
      throw new WharfError('request.invalid', `the archive holds more than ${maxFiles} files`);
    // Older versions of docker save write a layer that several images share once, and link to it.
    const target =
      entry.type === 'link'
        ? plainName(entry.linkName)
        : entry.type === 'symlink'
          ? plainName(posix.join(posix.dirname(name), entry.linkName))
          : undefined;
    if (target !== undefined) this.#links.set(name, target);
    if (entry.type !== 'file') return;
    if (entry.size <= smallBytes && this.#smallTotal + entry.size <= maxSmallTotalBytes) {
      this.#smallTotal += entry.size;
      this.#small = { name, pieces: [] };
      return;
    }
    const input = new PassThrough({ highWaterMark: 4 << 20 });
    const { content, signal, lease } = this.#scope;
    const stored = content.putStream(input, { signal, lease });
    // Whoever ends the file, or abandons it, sees the failure; it may come earlier.
    stored.catch((error: Error) => input.destroy(error));
    this.#large = { name, input, stored };
  }

  async #data(bytes: Uint8Array): Promise<void> {
    if (this.#small !== undefined) this.#small.pieces.push(Buffer.from(bytes));
    const large = this.#large;
    if (large === undefined || large.input.write(bytes)) return;
    await Promise.race([once(large.input, 'drain'), large.stored]);
  }

  async #end(): Promise<void> {
    const { name, pieces } = this.#small ?? {};
    this.#small = undefined;
    if (name !== undefined && pieces !== undefined) {
      const bytes = Buffer.concat(pieces);
      const digest = sha256Digest(createHash('sha256').update(bytes).digest('hex'));
      this.#found.set(name, { digest, size: bytes.length, bytes });
    }
    const large = this.#large;
    if (large === undefined) return;
    large.input.end();
    this.#large = undefined;
    this.#waiting.push(large);
    if (this.#waiting.length > maxWaiting) await this.#settleFirst();
  }
}

function plainName(name: string): string | undefined {
  const parts = insideParts(name)?.filter((part) => part !== '');
  return parts === undefined || parts.length === 0 ? undefined : parts.join('/');
}
