/**
 * What an idle daemon holds for nothing. Starting touches most of Node's program, 50 MiB of it, and a request touches a
 * tenth; yet every page once touched counts as the daemon's for as long as it runs. Given back they stay in the file cache,
 * from where a page that is needed after all comes within a microsecond.
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { returnFreeMemory } from './heap.ts';

const MADV_DONTNEED = 4;

/** Mapped parts of files that are only read and have not a page of our own: they lose nothing by being let go. */
export function unchangedMappings(smaps: string): readonly { readonly start: bigint; readonly lengthBytes: number }[] {
  const found: { start: bigint; lengthBytes: number }[] = [];
  let current: { start: bigint; lengthBytes: number } | undefined;
  for (const line of smaps.split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p [0-9a-f]+ \S+ [1-9]\d*\s+\//.exec(line);
    if (head !== null) {
      const start = BigInt(`0x${head[1]}`);
      current = { start, lengthBytes: Number(BigInt(`0x${head[2]}`) - start) };
    } else if (/^[0-9a-f]+-/.test(line)) current = undefined;
    else if (current !== undefined && /^Anonymous:\s+0 kB$/.test(line)) found.push(current);
  }
  return found;
}

function bindAdvice() {
  return koffi.load('libc.so.6').func('int madvise(uintptr_t address, size_t length, int advice)');
}
let madvise: ReturnType<typeof bindAdvice> | undefined;

/** Lets go of memory that is not needed while nothing happens: file pages, and what malloc keeps free. */
export async function shrinkWorkingSet(): Promise<void> {
  madvise ??= bindAdvice();
  // Refused for locked memory: then it stays.
  for (const { start, lengthBytes } of unchangedMappings(readFileSync('/proc/self/smaps', 'utf8')))
    madvise(start, lengthBytes, MADV_DONTNEED);
  await returnFreeMemory();
}
