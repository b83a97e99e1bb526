/** One task at a time, in the order they came: the life cycle of one container. */
export interface SerialQueue {
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Answers when all that was queued up to now is done. */
  idle(): Promise<void>;
}

export function createSerialQueue(): SerialQueue {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(task) {
      const result = tail.then(task);
      // A failed task is its caller's business; the queue goes on.
      tail = result.catch(() => undefined);
      return result;
    },
    async idle() {
      await tail;
    },
  };
}
