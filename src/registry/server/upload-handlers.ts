/** Uploads of blobs: POST begins (or mounts, or brings all), PATCH continues, PUT ends, GET tells, DELETE cancels. */
import { isDigest } from '../../oci/digest.ts';
import { isRepositoryPath } from '../../oci/reference.ts';
import { answer, bodyOf, type Exchange, unsupported } from './exchange.ts';
import { RegistryError } from './registry-error.ts';
import { checkedDigest } from './request-target.ts';
import { rangeHeader } from './upload-store.ts';

export async function handleUploads(exchange: Exchange, name: string): Promise<void> {
  if (exchange.method !== 'POST') throw unsupported('POST');
  const { query, stores } = exchange;
  const mounted = await mount(exchange, name);
  if (mounted !== undefined) return created(exchange, name, mounted);
  const wanted = query.get('digest');
  const digest = wanted === null ? undefined : checkedDigest(wanted);
  const id = await stores.uploads.begin(name);
  if (digest === undefined) return answer(exchange, 202, progress(name, id, 0));
  try {
    await append(exchange, name, id);
    await stores.uploads.finish(name, id, digest);
  } catch (error) {
    await stores.uploads.cancel(name, id).catch(() => undefined);
    throw error;
  }
  created(exchange, name, digest);
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
      await uploads.finish(name, id, digest);
      return created(exchange, name, digest);
    }
    case 'DELETE':
      await uploads.cancel(name, id);
      return answer(exchange, 204);
    default:
      throw unsupported('GET, HEAD, PATCH, PUT, DELETE');
  }
}

/** The digest that was mounted; undefined when an upload has to bring it. Without `from`, any repository will do. */
async function mount(exchange: Exchange, name: string): Promise<ReturnType<typeof checkedDigest> | undefined> {
  const { query, stores } = exchange;
  const digest = query.get('mount');
  const from = query.get('from');
  if (digest === null || !isDigest(digest)) return undefined;
  if (from !== null && (!isRepositoryPath(from) || !exchange.may(from, 'read'))) return undefined;
  // Without `from`, a blob may come from a repository that is hidden from who asks: then it must be brought.
  if (from === null && !exchange.may('*', 'read')) return undefined;
  const size = from === null ? await stores.blobs.size(digest) : await stores.blobs.sizeIn(from, digest);
  if (size === undefined || !(await stores.blobs.link(name, digest))) return undefined;
  return digest;
}

async function append(exchange: Exchange, name: string, id: string): Promise<number> {
  const { request, stores } = exchange;
  const range = contentRange(request.headers['content-range']);
  const announced = request.headers['content-length'];
  const lengthBytes = announced === undefined ? undefined : Number(announced);
  if (range !== undefined && lengthBytes !== undefined && range.end - range.start + 1 !== lengthBytes)
    throw new RegistryError('SIZE_INVALID');
  return await stores.uploads.append(name, id, {
    ...(range === undefined ? {} : { start: range.start }),
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
    maxBytes: exchange.maxBlobBytes,
    source: bodyOf(exchange),
  });
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

function created(exchange: Exchange, name: string, digest: string): void {
  answer(exchange, 201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });
}
