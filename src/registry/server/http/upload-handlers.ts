/** Uploads of blobs: POST begins (or mounts, or brings all), PATCH continues, PUT ends, GET tells, DELETE cancels. */
import { type Digest, isDigest } from '../../../oci/digest.ts';
import { isRepositoryPath } from '../../../oci/reference.ts';
import { rangeHeader } from '../content/upload-store.ts';
import { answer, bodyOf, type Exchange, unsupported } from './exchange.ts';
import { RegistryError } from './registry-error.ts';
import { checkedDigest } from './request-target.ts';

export async function handleUploads(exchange: Exchange, name: string): Promise<void> {
  if (exchange.method !== 'POST') throw unsupported('POST');
  const { query, stores } = exchange;
  const mounted = await mount(exchange, name);
  if (mounted !== undefined) return await created(exchange, name, mounted);
  const wanted = query.get('digest');
  const digest = wanted === null ? undefined : checkedDigest(wanted);
  const id = await stores.uploads.begin(name);
  if (digest === undefined) return answer(exchange, 202, progress(name, id, 0));
  try {
    await append(exchange, name, id);
    await stores.uploads.finish(name, id, digest);
    exchange.quotas?.uploadEnded(id, true);
  } catch (error) {
    await stores.uploads.cancel(name, id).catch(() => undefined);
    exchange.quotas?.uploadEnded(id, false);
    throw error;
  }
  await created(exchange, name, digest);
}

export async function handleUpload(exchange: Exchange, name: string, id: string): Promise<void> {
  const { uploads } = exchange.stores;
  switch (exchange.method) {
    case 'GET':
      return answer(exchange, 204, progress(name, id, await uploads.size(name, id)));
    case 'PATCH':
      return answer(exchange, 202, progress(name, id, await append(exchange, name, id)));
    case 'PUT': {
      const digest = checkedDigest(exchange.query.get('digest') ?? '');
      if (hasBody(exchange)) await append(exchange, name, id);
      await finish(exchange, name, id, digest);
      return await created(exchange, name, digest);
    }
    case 'DELETE':
      await cancel(exchange, name, id);
      return answer(exchange, 204);
    default:
      throw unsupported('GET, HEAD, PATCH, PUT, DELETE');
  }
}

/** The digest that was mounted; undefined when an upload has to bring it. Without `from`, any repository will do. */
async function mount(exchange: Exchange, name: string): Promise<Digest | undefined> {
  const { query, stores } = exchange;
  const digest = query.get('mount');
  const from = query.get('from');
  if (digest === null || !isDigest(digest)) return undefined;
  if (from !== null && (!isRepositoryPath(from) || !exchange.may(from, 'read'))) return undefined;
  // Without `from`, a blob may come from a repository that is hidden from who asks: then it must be brought.
  if (from === null && !exchange.may('*', 'read')) return undefined;
  const size = from === null ? await stores.blobs.size(digest) : await stores.blobs.sizeIn(from, digest);
  if (size === undefined) return undefined;
  await exchange.quotas?.admitMount(name, digest, size);
  if (!(await stores.blobs.link(name, digest))) return undefined;
  return digest;
}

async function append(exchange: Exchange, name: string, id: string): Promise<number> {
  const { request, stores } = exchange;
  const range = contentRange(request.headers['content-range']);
  const announced = request.headers['content-length'];
  const lengthBytes = announced === undefined ? undefined : Number(announced);
  if (range !== undefined && lengthBytes !== undefined && range.end - range.start + 1 !== lengthBytes)
    throw new RegistryError('SIZE_INVALID');
  const take = async (source: AsyncIterable<Uint8Array>): Promise<number> =>
    await stores.uploads.append(name, id, {
      ...(range === undefined ? {} : { start: range.start }),
      ...(lengthBytes === undefined ? {} : { lengthBytes }),
      maxBytes: exchange.maxBlobBytes,
      source,
    });
  const { quotas } = exchange;
  if (quotas === undefined) return await take(bodyOf(exchange));
  const hasBytes = await stores.uploads.size(name, id);
  try {
    return await quotas.upload({ name, id, hasBytes }, lengthBytes, bodyOf(exchange), take);
  } catch (error) {
    // There is no going on with it, and what it took is somebody's room.
    if (error instanceof RegistryError && error.code === 'DENIED') await cancel(exchange, name, id);
    throw error;
  } finally {
    quotas.uploadHas(id, await stores.uploads.size(name, id).catch(() => 0));
  }
}

async function cancel({ stores, quotas }: Exchange, name: string, id: string): Promise<void> {
  await stores.uploads.cancel(name, id);
  quotas?.uploadEnded(id, false);
}

/** What came is gone when its digest is another. */
async function finish(exchange: Exchange, name: string, id: string, digest: Digest): Promise<void> {
  const { uploads } = exchange.stores;
  try {
    await uploads.finish(name, id, digest);
    exchange.quotas?.uploadEnded(id, true);
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'DIGEST_INVALID') exchange.quotas?.uploadEnded(id, false);
    throw error;
  }
}

/** `0-1023`, or `bytes 0-1023/2048` as HTTP writes it. @throws RegistryError 'RANGE_INVALID' */
function contentRange(header: string | undefined): { readonly start: number; readonly end: number } | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  if (match === null || Number(match[2]) < Number(match[1]))
    throw new RegistryError('RANGE_INVALID', { detail: { contentRange: header.slice(0, 100) } });
  return { start: Number(match[1]), end: Number(match[2]) };
}

function hasBody({ request }: Exchange): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function progress(name: string, id: string, sizeBytes: number): Readonly<Record<string, string>> {
  return { location: `/v2/${name}/blobs/uploads/${id}`, range: rangeHeader(sizeBytes), 'docker-upload-uuid': id };
}

async function created(exchange: Exchange, name: string, digest: Digest): Promise<void> {
  const { blobs, usage } = exchange.stores;
  usage.blobAdded(name, digest, (await blobs.size(digest)) ?? 0);
  answer(exchange, 201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });
}
