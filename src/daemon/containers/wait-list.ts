import type { RunEnd } from './container-state.ts';

/** Who waits for a container to end or to go. */
export interface WaitList {
  onExit(listener: (end: RunEnd) => void): () => void;
  onRemoved(listener: () => void): () => void;
  /** The output of a run is complete, also of one that failed to start. */
  onOutputEnd(listener: () => void): () => void;
  outputEnded(): void;
  /** A client that is given output as it comes; the answer says that it has all of it, or has gone. */
  addReader(): () => void;
  /** Resolves when no reader of the output is left. */
  outputRead(): Promise<void>;
  exited(end: RunEnd): void;
  removed(): void;
}

export function createWaitList(): WaitList {
  const exitListeners = new Set<(end: RunEnd) => void>();
  const removedListeners = new Set<() => void>();
  const outputListeners = new Set<() => void>();
  const readers = new Set<Promise<void>>();
  return {
    addReader() {
      const { promise, resolve } = Promise.withResolvers<void>();
      readers.add(promise);
      return () => {
        readers.delete(promise);
        resolve();
      };
    },
    async outputRead() {
      await Promise.all(readers);
    },
    onOutputEnd(listener) {
      outputListeners.add(listener);
      return () => outputListeners.delete(listener);
    },
    outputEnded() {
      for (const listener of [...outputListeners]) listener();
    },
    onExit(listener) {
      exitListeners.add(listener);
      return () => exitListeners.delete(listener);
    },
    onRemoved(listener) {
      removedListeners.add(listener);
      return () => removedListeners.delete(listener);
    },
    exited(end) {
      for (const listener of [...exitListeners]) listener(end);
    },
    removed() {
      for (const listener of [...removedListeners]) listener();
    },
  };
}
