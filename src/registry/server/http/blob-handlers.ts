/** GET, HEAD and DELETE of blobs. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '../../../oci/digest.ts';
import { giveBack, takeBuffer } from '../storage/buffer-pool.ts';
import type { FileReader } from '../storage/storage-driver.ts';
import { holdsAlready, rangeStillCounts } from './conditional-request.ts';
import { answer, type Exchange, unsupported } from './exchange.ts';
import { RegistryError } from './registry-error.ts';

const prematureClose = 'ERR_STREAM_PREMATURE_CLOSE';

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export async function handleBlob(exchange: Exchange, name: string, digest: Digest): Promise<void> {
  if (exchange.method === 'GET') return await send(exchange, name, digest);
  if (exchange.method !== 'DELETE') throw unsupported('GET, HEAD, DELETE');
  if (!(await exchange.stores.blobs.unlink(name, digest)))
    throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
  exchange.stores.usage.invalidate(name);
  answer(exchange, 202, { 'docker-content-digest': digest });
}

async function send(exchange: Exchange, name: string, digest: Digest): Promise<void> {
  const { response, stores } = exchange;
  const size = await stores.blobs.sizeIn(name, digest);
  if (size === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
  const range = sendHead(exchange, digest, size);
  if (range === undefined) return;
  await unlessLeft(async () => {
    await using reader = await stores.blobs.openReader(digest);
    if (reader === undefined) await pipeline(stores.blobs.open(digest, range), response);
    else await sendRange(reader, range, response);
  });
}

/** Answers the head of a blob: the bytes that are to follow, or undefined when that was all. @throws RegistryError 'RANGE_INVALID' */
export function sendHead(exchange: Exchange, digest: Digest, size: number): ByteRange | undefined {
  const { request, response } = exchange;
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
    'cache-control': 'max-age=31536000',
  };
  if (holdsAlready(request, headers.etag)) {
    answer(exchange, 304, headers);
    return undefined;
  }
  const part = rangeStillCounts(request, headers.etag) ? parseRange(request.headers.range, size) : undefined;
  const range = part ?? { start: 0, end: size - 1 };
  const length = String(range.end - range.start + 1);
  const partial = part === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${size}` };
  response.writeHead(part === undefined ? 200 : 206, { ...headers, ...partial, 'content-length': length });
  if (request.method !== 'HEAD' && size > 0) return range;
  response.end();
  return undefined;
}

/** A client that leaves in the middle is its own business; a blob that can not be read is ours. */
export async function unlessLeft(send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!isPrematureClose(error)) throw error;
  }
}

/** One buffer, filled and sent until the range is through; the next fill waits until the kernel took all of it. */
export async function sendRange(reader: FileReader, range: ByteRange, response: ServerResponse): Promise<void> {
  const buffer = takeBuffer();
  let at = range.start;
  while (at <= range.end) {
    const length = await reader.read(buffer, Math.min(buffer.byteLength, range.end + 1 - at), at);
    if (length === 0) throw new Error(`a blob ended at byte ${at}, before ${range.end}`);
    await written(response, buffer.subarray(0, length));
    at += length;
  }
  // After a failed write the socket may still hold the buffer: only one that was sent whole is used again.
  giveBack(buffer);
  response.end();
}

export async function written(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const closed = (): void => reject(Object.assign(new Error('the client went away'), { code: prematureClose }));
    if (response.destroyed) return closed();
    response.once('close', closed);
    response.write(chunk, (error) => {
      response.off('close', closed);
      if (error == null) resolve();
      else closed();
    });
  });
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === prematureClose;
}

/** One range; several are answered with the whole blob, as HTTP allows. @throws RegistryError 'RANGE_INVALID' */
function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, from = '', to = ''] = match;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start > end || start >= size)
    throw new RegistryError('RANGE_INVALID', { headers: { 'content-range': `bytes */${size}` } });
  return { start, end };
}
