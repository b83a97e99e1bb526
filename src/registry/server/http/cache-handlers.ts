/** Requests about repositories that are caches of another registry's. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '../../../oci/digest.ts';
import type { PullThroughCache } from '../cache/pull-through-cache.ts';
import { type ByteRange, handleBlob, sendHead, sendRange, unlessLeft, written } from './blob-handlers.ts';
import { type Exchange, unsupported } from './exchange.ts';
import { sendTags } from './list-handlers.ts';
import { handleManifest, type ManifestSelector, sendReferrers } from './manifest-handlers.ts';
import { RegistryError } from './registry-error.ts';
import type { RequestTarget } from './request-target.ts';

/** RFC 9111 does without this header by now; it says in one line what else nothing would. */
const staleWarning = '110 - "the upstream does not answer; this is what the cache holds"';

export async function handleCached(exchange: Exchange, cache: PullThroughCache, target: RequestTarget): Promise<void> {
  if (exchange.method !== 'GET')
    throw new RegistryError('UNSUPPORTED', {
      message: `this repository is a cache of ${cache.settings.upstream}: push and delete there`,
      headers: { allow: 'GET, HEAD' },
    });
  switch (target.kind) {
    case 'manifest':
    case 'tag':
      return await sendManifest(exchange, cache, target.name, target);
    case 'blob':
      return await sendBlob(exchange, cache, target.name, target.digest);
    case 'tags':
      return sendTags(exchange, target.name, await cache.tags(target.name));
    case 'referrers':
      return sendReferrers(exchange, await cache.referrers(target.name, target.digest));
    case 'version':
    case 'catalog':
    case 'search':
    case 'uploads':
    case 'upload':
      throw unsupported('GET, HEAD');
  }
}

async function sendManifest(
  exchange: Exchange,
  cache: PullThroughCache,
  name: string,
  selector: ManifestSelector,
): Promise<void> {
  const freshness = await cache.manifest(name, selector);
  if (freshness === 'stale') exchange.response.setHeader('warning', staleWarning);
  await handleManifest(exchange, name, selector);
}

async function sendBlob(exchange: Exchange, cache: PullThroughCache, name: string, digest: Digest): Promise<void> {
  const { request, response } = exchange;
  const headSent = Promise.withResolvers<void>();
  const sink = async (chunk: Uint8Array): Promise<void> => {
    await headSent.promise;
    await written(response, chunk);
  };
  headSent.promise.catch(() => undefined);
  const whole = request.headers.range === undefined;
  const blob = await cache.blob(name, digest, request.method === 'GET', whole ? sink : undefined);
  if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
  switch (blob.kind) {
    case 'held': {
      using _reading = cache.contents.reading(digest);
      return await handleBlob(exchange, name, digest);
    }
    case 'passing': {
      const range = sendHead(exchange, digest, blob.sizeBytes);
      if (range !== undefined) await passOn(exchange, blob.open, range);
      return;
    }
    case 'coming': {
      const { fetch } = blob;
      await fetch.begun;
      if (fetch.canBeReadAlong) {
        const range = sendHead(exchange, digest, fetch.blob.sizeBytes);
        if (range === undefined) return;
        return await unlessLeft(async () => {
          await using reader = fetch.openReader();
          await sendRange(reader, range, response);
        });
      }
      if (fetch.handsTo(sink)) {
        if (sendHead(exchange, digest, fetch.blob.sizeBytes) === undefined)
          return headSent.reject(new Error('no body'));
        headSent.resolve();
        await fetch.stored;
        return void response.end();
      }
      // Nothing moves on this connection until the blob is stored, however long that takes.
      request.socket.setTimeout(0);
      await fetch.stored;
      return await handleBlob(exchange, name, digest);
    }
  }
}

/** Straight from the upstream to the client; the upstream is asked for the whole of it, whatever part is wanted. */
async function passOn(
  { response }: Exchange,
  open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>,
  range: ByteRange,
): Promise<void> {
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  const source = partOf(await open(leaving.signal), range);
  await unlessLeft(() => pipeline(Readable.from(source, { objectMode: false }), response)).catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
}

async function* partOf(source: AsyncIterable<Uint8Array>, range: ByteRange): AsyncGenerator<Uint8Array> {
  let at = 0;
  // A chunk behind: when the digest turns out wrong at the end, the last one has not gone out.
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    if (held !== undefined) yield held;
    const from = Math.max(0, range.start - at);
    const to = Math.min(chunk.byteLength, range.end + 1 - at);
    at += chunk.byteLength;
    held = from < to ? chunk.subarray(from, to) : undefined;
  }
  if (held !== undefined) yield held;
}
