/** Memory that is free inside the process but not yet for others. */
import koffi from 'koffi';

/**
 * Gives it back to the kernel (glibc's malloc_trim). After unpacking 400 MB in a worker thread some 90 MiB stay behind in
 * glibc's arenas otherwise, for the rest of the daemon's life. Runs beside the event loop; does nothing on other libcs.
 */
export async function returnFreeMemory(): Promise<void> {
  const trim = bindTrim();
  if (trim === undefined) return;
  await new Promise<void>((resolve) => {
    trim.async(0, () => resolve());
  });
}

type Trim = ReturnType<ReturnType<typeof koffi.load>['func']>;
let bound: Trim | undefined;

function bindTrim(): Trim | undefined {
  try {
    bound ??= koffi.load('libc.so.6').func('int malloc_trim(size_t)');
    return bound;
  } catch {
    // musl has none, and gives memory back by itself.
    return undefined;
  }
}
