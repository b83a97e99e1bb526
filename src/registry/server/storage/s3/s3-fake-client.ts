/** Drivers on a fake S3, for tests: small pieces, so that little content takes many, and tries that do not wait. */
import type { PieceSizes } from './s3-appended-file.ts';
import { S3Client } from './s3-client.ts';
import type { S3DriverOptions } from './s3-driver.ts';
import { type FakeS3, fakeKey } from './s3-fake-server.ts';

const smallPieces: PieceSizes = { pieceBytes: 64 * 1024, minPartBytes: 100 * 1024 };

/** @param attempts enough that no run of planted faults outlasts them, unless a test wants that */
export function fakeDriverOptions(fake: FakeS3, sizes: PieceSizes = smallPieces, attempts = 12): S3DriverOptions {
  const endpoint = { url: fake.url, region: fakeKey.region, bucket: fake.bucket, pathStyle: true };
  const client = new S3Client(endpoint, async () => fakeKey, { attempts, firstDelayMs: 1 });
  return { client, prefix: 'team registry/', sizes };
}
