import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { AppendConflict } from '../storage-driver.ts';
import { storageDriverSuite } from '../storage-driver-suite.ts';
import type { PieceSizes } from './s3-appended-file.ts';
import { S3Error } from './s3-client.ts';
import { S3Driver } from './s3-driver.ts';
import { fakeDriverOptions } from './s3-fake-client.ts';
import { type FakeS3, type Fault, fakeS3 } from './s3-fake-server.ts';

const MiB = 1024 * 1024;

function driverOn(fake: FakeS3, sizes?: PieceSizes): S3Driver {
  return new S3Driver(fakeDriverOptions(fake, sizes));
}

async function world(options: { minPartBytes?: number; pageSize?: number } = { minPartBytes: 100 * 1024 }) {
  const fake = await fakeS3(options);
  const driver = driverOn(fake);
  return {
    fake,
    driver,
    async [Symbol.asyncDispose]() {
      await driver.close();
      await fake[Symbol.asyncDispose]();
    },
  };
}

async function* once(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

storageDriverSuite('S3', async () => await world());

/** Every third request fails, each time in another way. */
function troubled(): () => Fault | undefined {
  const faults: readonly Fault[] = [
    { kind: 'refuse', status: 503, code: 'SlowDown' },
    { kind: 'cut' },
    { kind: 'refuse', status: 500, code: 'InternalError' },
    { kind: 'lose-answer' },
    { kind: 'cut-body', afterBytes: 5 },
  ];
  let count = 0;
  return () => (++count % 3 === 0 ? faults[(count / 3) % faults.length] : undefined);
}

storageDriverSuite('S3 on a bad day', async () => {
  const under = await world();
  under.fake.plan = troubled();
  return under;
});

it('commits by the rules of multipart uploads, small pieces joined and large ones copied', async () => {
  await using fake = await fakeS3();
  const driver = driverOn(fake, { pieceBytes: 6 * MiB, minPartBytes: 5 * MiB });
  const bytes = randomBytes(14 * MiB);
  // Pieces of 1, 6, 6 and 1 MiB: the first two are joined, as a part but the last has 5 MiB at least.
  await driver.append('u', 0, once(bytes.subarray(0, MiB)));
  await driver.append('u', MiB, once(bytes.subarray(MiB)));
  await driver.commit('u', 'blobs/x');
  expect(fake.objects.kept('team registry/blobs/x').bytes.equals(bytes)).toBe(true);
  expect(fake.objects.kept('team registry/blobs/x').etag).toMatch(/-3"$/);
  expect(fake.objects.keys).toEqual(['team registry/blobs/x']);
  expect(fake.objects.unfinished).toBe(0);
});

it('a commit that fails for good leaves the pieces and no half upload; the next one succeeds', async () => {
  await using under = await world();
  const bytes = randomBytes(300 * 1024);
  await under.driver.append('u', 0, once(bytes));
  under.fake.plan = ({ method, query }) =>
    method === 'POST' && query.has('uploadId') ? { kind: 'late-error' } : undefined;
  await expect(under.driver.commit('u', 'x')).rejects.toThrow('InternalError');
  expect(under.fake.objects.unfinished).toBe(0);
  under.fake.plan = () => undefined;
  await under.driver.commit('u', 'x');
  expect((await under.driver.read('x'))?.equals(bytes)).toBe(true);
});

it('another server goes on with what one began, and reads it', async () => {
  await using under = await world();
  const other = driverOn(under.fake);
  const bytes = randomBytes(500_000);
  await under.driver.append('u', 0, once(bytes.subarray(0, 200_000)));
  expect((await other.stat('u'))?.sizeBytes).toBe(200_000);
  expect(await other.append('u', 200_000, once(bytes.subarray(200_000)))).toBe(500_000);
  expect((await buffer(under.driver.openRead('u', { start: 0, end: 499_999 }))).equals(bytes)).toBe(true);
  await under.driver.commit('u', 'x');
  expect((await other.read('x'))?.equals(bytes)).toBe(true);
});

it('of two servers that append at one place, one is told', async () => {
  await using under = await world();
  const other = driverOn(under.fake);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* slow(): AsyncGenerator<Uint8Array> {
    await held;
    yield Buffer.from('slow');
  }
  const late = under.driver.append('u', 0, slow());
  await other.append('u', 0, once(Buffer.from('first')));
  release();
  await expect(late).rejects.toBeInstanceOf(AppendConflict);
  expect((await under.driver.read('u'))?.toString()).toBe('first');
});

it('a list goes over as many pages as there are', async () => {
  await using under = await world();
  const names = Array.from({ length: 20 }, (_, at) => `v${String(at).padStart(2, '0')}`);
  for (const name of names) await under.driver.write(`tags/${name}/current/link`, Buffer.from('x'));
  expect(await under.driver.list('tags')).toEqual(names);
  expect(await under.driver.remove('tags')).toBe(true);
  expect(under.fake.objects.keys).toEqual([]);
});

it('shared files are written over the version that was read only', async () => {
  await using under = await world();
  const { driver } = under;
  const first = await driver.writeShared('lease', Buffer.from('a'), undefined);
  expect(first).toBeDefined();
  expect(await driver.writeShared('lease', Buffer.from('b'), undefined)).toBeUndefined();
  // The answer of the write is lost, so it is tried again and meets itself.
  let lose = true;
  under.fake.plan = ({ method }) => {
    const fault = lose && method === 'PUT' ? ({ kind: 'lose-answer' } as const) : undefined;
    lose = false;
    return fault;
  };
  const second = await driver.writeShared('lease', Buffer.from('c'), first);
  expect(second).toBeDefined();
  expect(await driver.writeShared('lease', Buffer.from('d'), first)).toBeUndefined();
  expect((await driver.readShared('lease'))?.bytes.toString()).toBe('c');
  expect((await driver.readShared('lease'))?.version).toBe(second);
});

it('gives up after its tries, and at once where no try will help', async () => {
  await using under = await world();
  const driver = new S3Driver(fakeDriverOptions(under.fake, undefined, 4));
  under.fake.plan = () => ({ kind: 'refuse', status: 503, code: 'SlowDown' });
  await expect(driver.read('x')).rejects.toThrow('SlowDown');
  expect(under.fake.requests).toHaveLength(4);
  under.fake.plan = () => ({ kind: 'refuse', status: 403, code: 'AccessDenied' });
  const refused = driver.read('x');
  await expect(refused).rejects.toBeInstanceOf(S3Error);
  await expect(refused).rejects.toThrow('AccessDenied');
  expect(under.fake.requests).toHaveLength(5);
});

it('a store without conditions, without the bucket, or for another key is refused at the start', async () => {
  await using under = await world();
  await under.driver.check();
  await under.driver.check();
  await using forgetful = await fakeS3({ forgetful: true });
  await expect(driverOn(forgetful).check()).rejects.toThrow('although a condition');
  const alone = new S3Driver({ ...fakeDriverOptions(forgetful), exclusive: true });
  await alone.check();
  expect(alone.shared).toBeUndefined();
  expect(await alone.append('u', 0, once(Buffer.from('x')))).toBe(1);
  const elsewhere = driverOn({ ...under.fake, bucket: 'nowhere' });
  await expect(elsewhere.check()).rejects.toThrow('the bucket nowhere can not be used');
});

it('multipart uploads of a server that died are abandoned after their time', async () => {
  await using under = await world();
  under.fake.objects.begin('team registry/blobs/x');
  under.fake.objects.begin('of somebody else');
  await under.driver.abandonUnfinished(Date.now() - 60_000);
  expect(under.fake.objects.unfinished).toBe(2);
  await under.driver.abandonUnfinished(Date.now() + 60_000);
  expect(under.fake.objects.unfinished).toBe(1);
});
