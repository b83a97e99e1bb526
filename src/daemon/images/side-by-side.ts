/**
 * Transfers of one image at the same time. The first that fails stops the others; its error is thrown once all have ended, so
 * that nothing of them goes on behind the caller's back. The caller's own signal comes before any error that it caused.
 */
export async function sideBySide<T>(
  signal: AbortSignal,
  begin: (signal: AbortSignal) => readonly Promise<T>[],
): Promise<T[]> {
  const stop = new AbortController();
  const work = begin(AbortSignal.any([signal, stop.signal]));
  try {
    return await Promise.all(work);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(work);
    signal.throwIfAborted();
    throw error;
  }
}
