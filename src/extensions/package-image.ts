import type { EngineClient } from '../client/engine-client.ts';
import { isErrorCode, isWharfError, WharfError } from '../contract/errors.ts';
import type { ImageInspect } from '../contract/types/images.ts';
import type { PackageJob } from './package-jobs.ts';
import { highestVersion } from './version-tags.ts';

export interface PackageImage {
  /** Repository and tag or digest, as pulled. */
  readonly reference: string;
  readonly id: string;
  /** Tag, or the label org.opencontainers.image.version. */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly inspect: ImageInspect;
}

/** A name for files, labels and host names from a repository: `docker.io/acme/disk-usage:1` is `acme-disk-usage`. */
export function packageNameOf(reference: string): string {
  const { repository } = splitReference(reference);
  const parts = repository.split('/');
  const first = parts[0] ?? '';
  const named = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost');
  const path = (named ? parts.slice(1) : parts).filter((part) => part !== 'library');
  const name = path
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  if (name === '') throw new WharfError('reference.invalid', `not an image name: ${reference}`);
  return name;
}

export function splitReference(reference: string): {
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
} {
  const [rest = '', digest] = reference.split('@', 2);
  const slash = rest.lastIndexOf('/');
  const colon = rest.indexOf(':', slash + 1);
  if (colon < 0) return { repository: rest, tag: undefined, digest };
  return { repository: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

/**
 * Pulls a package's image, choosing the tag when none is given: the highest semantic version, else `latest`. When its
 * registry can not give it but the image is here already (made on this machine), the local one is used.
 */
export async function pullPackageImage(engine: EngineClient, image: string, job: PackageJob): Promise<PackageImage> {
  const asked = splitReference(image);
  const tag =
    asked.tag ?? (asked.digest === undefined ? await newestTag(engine, asked.repository, job.signal) : undefined);
  const reference = asked.digest === undefined ? `${asked.repository}:${tag ?? 'latest'}` : image;
  try {
    await pull(engine, asked.repository, asked.digest ?? tag ?? 'latest', job);
  } catch (error) {
    job.signal.throwIfAborted();
    const local = await inspect(engine, reference, job.signal).catch(() => undefined);
    if (local === undefined) throw error;
  }
  job.progress('reading', `Reading ${reference}`);
  const found = await inspect(engine, reference, job.signal);
  const labels = { ...found.Config?.Labels };
  const version = labels['org.opencontainers.image.version'] ?? tag ?? 'unknown';
  return { reference, id: found.Id, version, labels, inspect: found };
}

async function inspect(engine: EngineClient, name: string, signal: AbortSignal): Promise<ImageInspect> {
  return await engine.call('ImageInspect', { params: { name }, signal });
}

async function newestTag(engine: EngineClient, name: string, signal: AbortSignal): Promise<string> {
  try {
    const { tags } = await engine.call('RegistryTags', { query: { name }, signal });
    return highestVersion(tags) ?? 'latest';
  } catch (error) {
    if (signal.aborted || !isWharfError(error)) throw error;
    // A registry that lists no tags may still serve `latest`; the pull says what is wrong otherwise.
    return 'latest';
  }
}

async function pull(engine: EngineClient, fromImage: string, tag: string, job: PackageJob): Promise<void> {
  job.progress('pulling', `Pulling ${fromImage}`);
  const layers = new Map<string, { current: number; total: number }>();
  for await (const line of engine.jsonStream('ImageCreate', { query: { fromImage, tag }, signal: job.signal })) {
    if (line.error !== undefined || line.errorDetail !== undefined) {
      const code = line.errorDetail?.wharfCode;
      throw new WharfError(
        isErrorCode(code) ? code : 'registry.failed',
        line.errorDetail?.message ?? line.error ?? 'the image could not be pulled',
        { hint: line.errorDetail?.hint },
      );
    }
    const { id, progressDetail } = line;
    if (id !== undefined && progressDetail?.total !== undefined && line.status === 'Downloading') {
      layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
    }
    let current = 0;
    let total = 0;
    for (const layer of layers.values()) {
      current += layer.current;
      total += layer.total;
    }
    if (total > 0) job.progress('pulling', `Pulling ${fromImage}`, current, total);
  }
}
