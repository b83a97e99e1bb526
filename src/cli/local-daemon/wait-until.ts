/** Asks again every 50 ms until the answer is yes, or the time is up. */
export async function waitUntil(ask: () => Promise<boolean>, limitMs: number, signal: AbortSignal): Promise<boolean> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    signal.throwIfAborted();
    if (await ask()) return true;
    if (Date.now() >= endMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
