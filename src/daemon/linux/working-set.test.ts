import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shrinkWorkingSet, unchangedMappings } from './working-set.ts';

const fields = (anonymousKiB: number) => `Size:  8 kB\nRss:  8 kB\nAnonymous:  ${anonymousKiB} kB\nVmFlags: rd mr\n`;

describe('mappings that may be let go', () => {
  it('are read-only ones of files without a page of our own', () => {
    const smaps = [
      `00400000-00402000 r--p 00000000 fe:00 539 /usr/bin/node\n${fields(0)}`,
      `00402000-00406000 r-xp 00002000 fe:00 539 /usr/bin/node\n${fields(0)}`,
      // Relocated by the loader: the file does not have these bytes.
      `00406000-00408000 r--p 00006000 fe:00 539 /usr/bin/node\n${fields(8)}`,
      `00408000-0040a000 rw-p 00008000 fe:00 539 /usr/bin/node\n${fields(0)}`,
      `7f0000000000-7f0000002000 r--p 00000000 00:00 0 \n${fields(0)}`,
      `7f0000004000-7f0000006000 r--s 00000000 00:19 12 /dev/shm/x\n${fields(0)}`,
      `7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0 [vdso]\n${fields(0)}`,
    ].join('');
    expect(unchangedMappings(smaps)).toEqual([
      { start: 0x400000n, lengthBytes: 0x2000 },
      { start: 0x402000n, lengthBytes: 0x4000 },
    ]);
  });
});

describe('a process that shrinks', () => {
  it('goes on, with less of its program in memory', async () => {
    const fileKiB = () => Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    const before = fileKiB();
    await shrinkWorkingSet();
    expect(fileKiB()).toBeLessThan(before / 2);
    expect(JSON.parse('{"still": "works"}')).toEqual({ still: 'works' });
  });
});
