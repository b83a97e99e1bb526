/** Opens the place a registry keeps its bytes in: a folder, or a bucket. */
import { WharfError } from '../../../contract/errors.ts';
import { CondemnedBlobs } from '../upkeep/condemned-blobs.ts';
import { FilesystemDriver } from './filesystem-driver.ts';
import { openS3, type StorageSettings, s3Root } from './s3/s3-settings.ts';
import type { StorageDriver } from './storage-driver.ts';

/**
 * @param root a folder, `s3://BUCKET/PREFIX`, or '' where the settings say it all
 * @throws WharfError 'request.invalid'
 */
export function openStorage(
  root: string,
  settings: StorageSettings | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): StorageDriver {
  const bucket = s3Root(root);
  if (bucket !== undefined || (root === '' && settings !== undefined)) return openS3(bucket, settings?.s3, env);
  if (settings !== undefined)
    throw new WharfError('request.invalid', 'the settings keep the registry in S3, and --root in a folder', {
      hint: 'Leave out one of them, or write --root s3://BUCKET/PREFIX.',
    });
  if (root === '') throw new WharfError('request.invalid', 'a registry needs a root folder or a storage driver');
  return new FilesystemDriver(root);
}

/** Where other servers may work on the same storage: what one of them is about to remove. */
export function condemnedOn({ shared }: StorageDriver): CondemnedBlobs | undefined {
  return shared === undefined ? undefined : new CondemnedBlobs(shared);
}
