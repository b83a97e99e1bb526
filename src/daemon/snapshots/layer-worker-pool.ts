/**
 * Runs layer jobs in worker threads. Threads start when there is work and end after a while without any, because an idle
 * one costs some 10 MiB. A job is cancelled by a flag in shared memory that the worker looks at between chunks.
 */
import type { Readable } from 'node:stream';
import { MessageChannel, type Transferable, Worker } from 'node:worker_threads';
import { WharfError } from '../../contract/errors.ts';
import { returnFreeMemory } from '../linux/heap.ts';
import { makeChunkRing, sendChunks } from './chunk-channel.ts';
import type { JobReply, JobRequest, JobUsage, LayerJob } from './layer-jobs.ts';

/** Beside this file, from source and from a bundle alike. */
export const layerWorkerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './layer-worker.ts' : './layer-worker.mjs',
  import.meta.url,
);

export interface JobOptions {
  readonly signal: AbortSignal;
  /** Bytes of the source read so far. */
  readonly onBytes?: (bytes: number) => void;
}

export interface LayerWorkerPool extends AsyncDisposable {
  /** @throws WharfError what the job raised; the signal's reason when cancelled, once the job has stopped */
  run(job: LayerJob, options: JobOptions): Promise<JobUsage>;
  /** As `run`, for jobs whose bytes come from a stream of this thread. */
  runWithStream(
    makeJob: (source: Extract<LayerJob, { source: unknown }>['source']) => LayerJob,
    stream: Readable,
    options: JobOptions,
  ): Promise<JobUsage>;
  /** Starts a thread ahead of the first job. */
  warm(): void;
}

interface Pending {
  readonly resolve: (usage: JobUsage) => void;
  readonly reject: (error: unknown) => void;
  readonly onBytes: ((bytes: number) => void) | undefined;
}

interface Slot {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  idleTimer: NodeJS.Timeout | undefined;
}

/** Who copies one file often copies the next; starting the thread takes as long as unpacking 50 MiB. */
const idleMs = 60_000;

export function createLayerWorkerPool(
  options: { readonly workerUrl?: URL; readonly size?: number } = {},
): LayerWorkerPool {
  const workerUrl = options.workerUrl ?? layerWorkerUrl;
  const size = options.size ?? 2;
  const slots = new Set<Slot>();
  let nextId = 1;

  const retire = (slot: Slot): void => {
    slots.delete(slot);
    clearTimeout(slot.idleTimer);
  };

  const start = (): Slot => {
    // Descriptors made by openat2 are closed by Node, which would otherwise warn that it did not open them.
    const worker = new Worker(workerUrl, { name: 'wharf-layers', trackUnmanagedFds: false });
    const slot: Slot = { worker, pending: new Map(), idleTimer: undefined };
    slots.add(slot);
    worker.unref();
    worker.on('message', (reply: JobReply) => settle(slot, reply));
    const fail = (cause: unknown) => {
      retire(slot);
      for (const pending of slot.pending.values()) {
        pending.reject(new WharfError('internal', 'the layer worker ended unexpectedly', { cause }));
      }
      slot.pending.clear();
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`exit code ${code}`)));
    return slot;
  };

  const settle = (slot: Slot, reply: JobReply): void => {
    const pending = slot.pending.get(reply.id);
    if (pending === undefined) return;
    if (reply.kind === 'progress') {
      pending.onBytes?.(reply.bytes);
      return;
    }
    slot.pending.delete(reply.id);
    if (slot.pending.size === 0) rest(slot);
    if (reply.kind === 'done') pending.resolve(reply.usage);
    else {
      const { code, message, hint, errno } = reply.error;
      const cause = errno === undefined ? undefined : Object.assign(new Error(message), { code: errno });
      pending.reject(new WharfError(code, message, { hint, cause }));
    }
  };

  const rest = (slot: Slot): void => {
    slot.worker.unref();
    clearTimeout(slot.idleTimer);
    slot.idleTimer = setTimeout(() => {
      retire(slot);
      void slot.worker.terminate().then(returnFreeMemory);
    }, idleMs).unref();
  };

  /** The least busy thread; another one while there may be more. */
  const pick = (): Slot => {
    let best: Slot | undefined;
    for (const slot of slots) if (best === undefined || slot.pending.size < best.pending.size) best = slot;
    const slot = best === undefined || (best.pending.size > 0 && slots.size < size) ? start() : best;
    clearTimeout(slot.idleTimer);
    slot.worker.ref();
    return slot;
  };

  const dispatch = async (
    job: LayerJob,
    { signal, onBytes }: JobOptions,
    transfer: Transferable[],
  ): Promise<JobUsage> => {
    signal.throwIfAborted();
    const slot = pick();
    const cancelled = new SharedArrayBuffer(4);
    const cancel = () => {
      Atomics.store(new Int32Array(cancelled), 0, 1);
    };
    signal.addEventListener('abort', cancel, { once: true });
    const id = nextId++;
    try {
      return await new Promise<JobUsage>((resolve, reject) => {
        slot.pending.set(id, { resolve, reject, onBytes });
        slot.worker.postMessage({ id, job, cancelled } satisfies JobRequest, transfer);
      });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };

  return {
    run: (job, jobOptions) => dispatch(job, jobOptions, []),
    async runWithStream(makeJob, stream, jobOptions) {
      const { port1, port2 } = new MessageChannel();
      const ring = makeChunkRing();
      // Ends a sender that waits on a silent stream when the job or the caller gives up.
      const stop = () => stream.destroy();
      jobOptions.signal.addEventListener('abort', stop, { once: true });
      const sent = sendChunks(stream, ring, port1).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      try {
        return await dispatch(makeJob({ kind: 'thread', ring, port: port2 }), jobOptions, [port2]);
      } catch (error) {
        stream.destroy();
        const failure = await sent;
        jobOptions.signal.throwIfAborted();
        // The stream's own error says more than "the other side stopped".
        throw failure !== undefined && error instanceof WharfError && error.code === 'internal' ? failure.error : error;
      } finally {
        jobOptions.signal.removeEventListener('abort', stop);
        port1.close();
      }
    },
    warm() {
      if (slots.size === 0) rest(start());
    },
    async [Symbol.asyncDispose]() {
      const ending = [...slots];
      for (const slot of ending) retire(slot);
      await Promise.all(ending.map((slot) => slot.worker.terminate()));
    },
  };
}
