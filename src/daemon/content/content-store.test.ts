import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Digest } from '../../oci/digest.ts';
import { type ContentStore, createContentStore } from './content-store.ts';

let root = '';
let store: ContentStore;
const never = new AbortController().signal;
const incoming = () => readdirSync(join(root, 'ingest'));

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'wharf-content-'));
  store = createContentStore({ root });
  await store.init();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function blobOf(bytes: Buffer) {
  return { digest: sha256Digest(createHash('sha256').update(bytes).digest('hex')), size: bytes.length };
}

function chunked(bytes: Buffer, chunkBytes = 10_000): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return Readable.from(chunks, { objectMode: false });
}

function cutAfter(bytes: Buffer, count: number): Readable {
  return Readable.from(
    (function* () {
      yield bytes.subarray(0, count);
      throw new Error('connection reset');
    })(),
    { objectMode: false },
  );
}

describe('ingest', () => {
  const bytes = randomBytes(3_000_000);
  const blob = blobOf(bytes);

  it('keeps verified bytes and reports how they come', async () => {
    const seen: number[] = [];
    let verifying = 0;
    await store.ingest(blob, async () => chunked(bytes), {
      signal: never,
      onBytes: (n) => seen.push(n),
      onVerifying: () => verifying++,
    });
    expect(readFileSync(store.path(blob.digest)).equals(bytes)).toBe(true);
    expect(await store.info(blob.digest)).toEqual({ digest: blob.digest, sizeBytes: bytes.length });
    expect(seen.at(-1)).toBe(bytes.length);
    expect(verifying).toBe(1);
    expect(incoming()).toEqual([]);
  });

  it('resumes a cut download where it stopped', async () => {
    await expect(store.ingest(blob, async () => cutAfter(bytes, 1_234_567), { signal: never })).rejects.toThrow(
      'reset',
    );
    expect(incoming()).toHaveLength(1);
    const offsets: number[] = [];
    const rest = async (offset: number) => {
      offsets.push(offset);
      return chunked(bytes.subarray(offset));
    };
    await store.ingest(blob, rest, { signal: never });
    expect(offsets).toEqual([1_234_567]);
    expect(readFileSync(store.path(blob.digest)).equals(bytes)).toBe(true);
  });

  it('starts over once when the part it resumed was wrong', async () => {
    writeFileSync(join(root, 'ingest', blob.digest.replace(':', '-')), randomBytes(1000));
    const offsets: number[] = [];
    await store.ingest(
      blob,
      async (offset) => {
        offsets.push(offset);
        return chunked(bytes.subarray(offset));
      },
      { signal: never },
    );
    expect(offsets).toEqual([1000, 0]);
    expect(readFileSync(store.path(blob.digest)).equals(bytes)).toBe(true);
  });

  it.each([
    ['other bytes', () => chunked(randomBytes(3_000_000)), 'digest.mismatch'],
    ['too many bytes', () => chunked(Buffer.concat([bytes, bytes])), 'size.mismatch'],
    ['too few bytes', () => chunked(bytes.subarray(0, 99)), 'size.mismatch'],
  ])('refuses %s and leaves nothing', async (_, open, code) => {
    await expect(store.ingest(blob, async () => open(), { signal: never })).rejects.toMatchObject({ code });
    expect(await store.info(blob.digest)).toBeUndefined();
    expect(incoming()).toEqual([]);
  });

  it('leaves nothing when cancelled on a silent connection', async () => {
    const controller = new AbortController();
    const silent = new Readable({ read() {} });
    silent.push(bytes.subarray(0, 1_500_000));
    const work = store.ingest(blob, async () => silent, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(work).rejects.toThrow();
    expect(incoming()).toEqual([]);
    expect(silent.destroyed).toBe(true);
  });

  it('says that the disk is full before it fills it', async () => {
    const huge = { digest: blob.digest, size: 2 ** 42 };
    await expect(store.ingest(huge, async () => chunked(bytes), { signal: never })).rejects.toMatchObject({
      code: 'disk.full',
    });
    expect(incoming()).toEqual([]);
  });

  it('fetches a blob once for two who want it at the same time', async () => {
    let opened = 0;
    const open = async () => {
      opened++;
      return chunked(bytes);
    };
    await Promise.all([1, 2, 3].map(() => store.ingest(blob, open, { signal: never })));
    expect(opened).toBe(1);
  });

  it('lets the second try when the first fails', async () => {
    const bad = store.ingest(blob, async () => chunked(randomBytes(10)), { signal: never });
    const good = store.ingest(blob, async () => chunked(bytes), { signal: never });
    await expect(bad).rejects.toMatchObject({ code: 'size.mismatch' });
    await good;
    expect(await store.info(blob.digest)).toBeDefined();
  });

  it('takes an empty blob', async () => {
    const empty = blobOf(Buffer.alloc(0));
    await store.ingest(empty, async () => Readable.from([], { objectMode: false }), { signal: never });
    expect((await store.info(empty.digest))?.sizeBytes).toBe(0);
  });
});

describe('reading', () => {
  it('opens a range', async () => {
    const digest = await store.put(Buffer.from('0123456789'));
    const read = async (range: { start?: number; end?: number }) =>
      Buffer.concat(await store.open(digest, range).toArray()).toString();
    expect(await read({ start: 2, end: 5 })).toBe('234');
    expect(await read({})).toBe('0123456789');
    expect((await store.read(digest, 10)).toString()).toBe('0123456789');
    await expect(store.read(digest, 9)).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('collection', () => {
  it('takes what nothing wants, and leaves leased and incoming blobs', async () => {
    const wanted = await store.put(Buffer.from('wanted'));
    const leased = await store.put(Buffer.from('leased'));
    const loose = await store.put(Buffer.from('loose'));
    const bytes = randomBytes(100);
    const blob = blobOf(bytes);
    const slow = new Readable({ read() {} });
    slow.push(bytes);
    const ingest = store.ingest(blob, async () => slow, { signal: never });
    {
      using lease = store.lease();
      lease.add(leased);
      const gone = await store.collect((digest) => digest === wanted);
      expect(gone).toEqual([{ digest: loose, sizeBytes: 5 }]);
    }
    slow.push(null);
    await ingest;
    const gone = await store.collect((digest) => digest === wanted);
    expect(gone.map((blob) => blob.digest).toSorted()).toEqual([leased, blob.digest].toSorted());
    expect(existsSync(store.path(wanted))).toBe(true);
  });

  it('takes what a cut download left', async () => {
    const bytes = randomBytes(1000);
    const blob = blobOf(bytes);
    const cut = store.ingest(blob, async () => cutAfter(bytes, 400), { signal: never });
    await expect(cut).rejects.toThrow();
    expect(await store.collect(() => false)).toEqual([{ digest: blob.digest, sizeBytes: 400 }]);
    expect(incoming()).toEqual([]);
  });

  it('starts without what an earlier run left on its way in, but for large and recent parts of blobs', async () => {
    const bytes = randomBytes(1_500_000);
    const blob = blobOf(bytes);
    const name = blob.digest.replace(':', '-');
    for (const left of ['sha256-abc', crypto.randomUUID(), `sha256-${'0'.repeat(64)}`])
      writeFileSync(join(root, 'ingest', left), 'half');
    const old = join(root, 'ingest', `sha256-${'1'.repeat(64)}`);
    writeFileSync(old, bytes);
    utimesSync(old, 1, 1);
    writeFileSync(join(root, 'ingest', name), bytes.subarray(0, 1_200_000));
    await store.init();
    expect(incoming()).toEqual([name]);
    expect(await store.collect(() => false, { keepPartials: true })).toEqual([]);
    let from = -1;
    const rest = async (offset: number) => {
      from = offset;
      return Readable.from([bytes.subarray(offset)], { objectMode: false });
    };
    await store.ingest(blob, rest, { signal: never });
    expect(from).toBe(1_200_000);
    expect(incoming()).toEqual([]);
  });
});
