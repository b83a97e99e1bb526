import type { AttachSession } from '../runtime/runtime.ts';

/**
 * The way to the input of a container's main process: one connection a run, made when the first client has something to
 * say, shared by all. Clients that attach before the start wait here for the process.
 */
export interface ContainerStdin {
  /** The process exists now and takes input. */
  processReady(): void;
  /** The process is gone; a later run has an input of its own. */
  processGone(): void;
  /** Rejects by the signal. */
  writer(signal: AbortSignal): Promise<AttachSession['stdin']>;
}

export function createContainerStdin(open: () => Promise<AttachSession>): ContainerStdin {
  let ready = Promise.withResolvers<void>();
  let isReady = false;
  let session: Promise<AttachSession> | undefined;

  async function waitReady(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([ready.promise, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    processReady() {
      isReady = true;
      ready.resolve();
    },
    processGone() {
      session?.then(
        (opened) => opened.close(),
        () => undefined,
      );
      session = undefined;
      if (isReady) ready = Promise.withResolvers();
      isReady = false;
    },
    async writer(signal) {
      await waitReady(signal);
      session ??= open();
      const opening = session;
      try {
        return (await opening).stdin;
      } catch (error) {
        if (session === opening) session = undefined;
        throw error;
      }
    },
  };
}
