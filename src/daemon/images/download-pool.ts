/**
 * Downloads of blobs, for all pulls together: at most so many at once as the daemon's settings say (three, as in dockerd), and each blob once however many
 * want it. Who wants a blob that is on its way joins in; it stops when the last one has gone.
 */
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import type { RegistryAuth, RegistryClient } from '../../registry/client/registry-client.ts';
import type { ContentStore } from '../content/content-store.ts';
import { Semaphore } from './semaphore.ts';

export type DownloadState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'downloading'; readonly received: number }
  | { readonly kind: 'verifying' }
  | { readonly kind: 'done' };

export interface DownloadRequest {
  readonly reference: Reference;
  readonly blob: Descriptor;
  readonly endpoint: string;
  readonly auth: RegistryAuth | undefined;
  readonly signal: AbortSignal;
  readonly onState: (state: DownloadState) => void;
}

interface Download {
  readonly listeners: Set<(state: DownloadState) => void>;
  readonly abort: AbortController;
  readonly work: Promise<void>;
  last: DownloadState;
}

export class DownloadPool {
  readonly #content: ContentStore;
  readonly #registry: RegistryClient;
  readonly #slots: Semaphore;
  readonly #running = new Map<Digest, Download>();

  constructor(content: ContentStore, registry: RegistryClient, maxAtOnce: () => number = () => 3) {
    this.#content = content;
    this.#registry = registry;
    this.#slots = new Semaphore(maxAtOnce);
  }

  /**
   * Brings the blob into the content store, where the caller must hold a lease for it.
   * @throws WharfError of the registry client and the content store; the signal's reason
   */
  async fetch(request: DownloadRequest): Promise<void> {
    const { blob, signal, onState } = request;
    for (;;) {
      signal.throwIfAborted();
      const joined = this.#running.get(blob.digest);
      const download = joined ?? this.#start(request);
      try {
        await join(download, signal, onState);
        return;
      } catch (error) {
        // The one that was joined failed with its own credentials or repository; ours may do better.
        if (joined === undefined || signal.aborted) throw error;
      }
    }
  }

  #start(request: DownloadRequest): Download {
    const abort = new AbortController();
    const listeners = new Set<(state: DownloadState) => void>();
    const { digest } = request.blob;
    const tell = (state: DownloadState): void => {
      download.last = state;
      for (const listener of [...listeners]) listener(state);
    };
    const download: Download = {
      listeners,
      abort,
      last: { kind: 'waiting' },
      work: this.#download(request, abort.signal, tell).finally(() => this.#running.delete(digest)),
    };
    this.#running.set(digest, download);
    return download;
  }

  async #download(request: DownloadRequest, signal: AbortSignal, tell: (state: DownloadState) => void): Promise<void> {
    const { reference, blob, endpoint, auth } = request;
    // So that listeners are there before the first state is told.
    await Promise.resolve();
    if (this.#slots.isFull) tell({ kind: 'waiting' });
    using _slot = await this.#slots.take(signal);
    await this.#content.ingest(
      blob,
      // The ingest hashes what it stores: once for each byte is enough.
      (offset, ingestSignal) =>
        this.#registry.fetchBlob(reference, blob, {
          auth,
          signal: ingestSignal,
          offset,
          endpoint,
          verifyDigest: false,
        }),
      {
        signal,
        onBytes: (received) => tell({ kind: 'downloading', received }),
        onVerifying: () => tell({ kind: 'verifying' }),
      },
    );
    tell({ kind: 'done' });
  }
}

async function join(download: Download, signal: AbortSignal, onState: (state: DownloadState) => void): Promise<void> {
  download.listeners.add(onState);
  if (download.last.kind === 'downloading') onState(download.last);
  let leave: (() => void) | undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    await Promise.race([download.work, left]);
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave);
    download.listeners.delete(onState);
    if (signal.aborted && download.listeners.size === 0) {
      download.abort.abort(new WharfError('request.cancelled', 'the download was cancelled'));
      // Wait until nothing of it is left; its error is our own doing.
      await download.work.catch(() => undefined);
    }
  }
}
