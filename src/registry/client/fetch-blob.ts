/**
 * Fetches a blob as a stream that heals itself.
 *
 *     open ──► read ──► cut, or too slow ──► pause ──► open with Range from the byte we have ──► read ...
 *                └────► all bytes ──► size and digest right? ──► end
 *
 * 1. No more than `descriptor.size` bytes are ever handed on.
 * 2. Tries that bring next to nothing are bounded, and so are all tries together: a peer that drips is left too.
 * 3. Time counts only while we wait for the network, never while the reader is busy.
 */
import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestAlgorithm } from '../../oci/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import { BodyWatch } from './body-watch.ts';
import { discard } from './document-body.ts';
import { checkDigest, type EndpointAccess } from './fetch-manifest.ts';
import { attempt, cancelled, networkFailure } from './network-failure.ts';
import { pullRefusal, sizeMismatch } from './pull-failures.ts';
import type { RegistrySession, SessionAnswer } from './registry-session.ts';
import { isHtml, notARegistry } from './response-failure.ts';

export interface BlobRequest {
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  readonly offset: number;
  /** Off when the reader hashes the bytes itself: hashing twice costs a core. */
  readonly verifyDigest: boolean;
}

const maxTries = 30;
/** Bytes handed on before the reader has to keep up. */
const bufferedBytes = 1024 * 1024;

/** Resolves once the endpoint has begun to send; later trouble errors the stream. */
export async function fetchBlob(
  session: RegistrySession,
  blob: BlobRequest,
  access: EndpointAccess,
): Promise<Readable> {
  const closing = new AbortController();
  const own = { ...access, signal: AbortSignal.any([access.signal, closing.signal]) };
  const first = await openAt(session, blob, own, blob.offset);
  const stream = Readable.from(healing(session, blob, own, first), { objectMode: false, highWaterMark: bufferedBytes });
  // The generator may be waiting for the network when its reader leaves: this ends that wait.
  stream.once('close', () => {
    closing.abort();
    first.response.destroy();
  });
  return stream;
}

async function* healing(
  session: RegistrySession,
  blob: BlobRequest,
  access: EndpointAccess,
  first: SessionAnswer,
): AsyncGenerator<Buffer> {
  const { descriptor } = blob;
  const hash = blob.offset === 0 && blob.verifyDigest ? createHash(digestAlgorithm(descriptor.digest)) : undefined;
  let at = blob.offset;
  let answer: SessionAnswer | undefined = first;
  let fruitless = 0;
  for (let tries = 1; ; tries++) {
    const before = at;
    try {
      answer ??= await openAt(session, blob, access, at);
      for await (const chunk of bodyFrom(answer, blob, at, session, access.signal)) {
        at += chunk.length;
        hash?.update(chunk);
        yield chunk;
      }
      if (at === descriptor.size) return finish(blob, hash, answer.url);
      throw sizeMismatch(`the blob ${descriptor.digest}`, descriptor.size, `${at}`, answer.url);
    } catch (error) {
      if (access.signal.aborted) throw cancelled(access.signal);
      fruitless = at - before >= session.timeouts.slowMinBytes ? 0 : fruitless + 1;
      if (!mayHeal(error, at, descriptor.size) || fruitless >= session.timeouts.fruitlessTries || tries >= maxTries)
        throw error;
    }
    answer = undefined;
    await pause(session.timeouts.retryPauseMs * 2 ** fruitless, undefined, { signal: access.signal }).catch(() => {
      throw cancelled(access.signal);
    });
  }
}

function finish(blob: BlobRequest, hash: Hash | undefined, url: URL): void {
  if (hash !== undefined) checkDigest(blob.descriptor.digest, hash.digest('hex'), url);
}

/** A body that ended early may be whole at the next try; one that is too long or wrong never will. */
function mayHeal(error: unknown, at: number, sizeBytes: number): boolean {
  if (!isWharfError(error)) return false;
  if (error.code === 'size.mismatch') return at < sizeBytes && !(error.cause instanceof LyingServer);
  return error.code === 'registry.failed' || error.code === 'registry.timeout' || error.code === 'registry.unreachable';
}

/** Marks sizes that were announced wrong, rather than connections that ended early. */
class LyingServer extends Error {}

async function openAt(
  session: RegistrySession,
  blob: BlobRequest,
  access: EndpointAccess,
  at: number,
): Promise<SessionAnswer> {
  const { reference, descriptor } = blob;
  const answer = await session.request({
    ...access,
    method: 'GET',
    target: `/v2/${reference.path}/blobs/${descriptor.digest}`,
    scopes: [`repository:${reference.path}:pull`],
    headers: at === 0 ? {} : { range: `bytes=${at}-` },
  });
  try {
    await checkHead(session, blob, access, answer, at);
    return answer;
  } catch (error) {
    answer.response.destroy();
    throw error;
  }
}

async function checkHead(
  session: RegistrySession,
  blob: BlobRequest,
  access: EndpointAccess,
  answer: SessionAnswer,
  at: number,
): Promise<void> {
  const { descriptor, reference } = blob;
  const { status, response, url } = answer;
  if (status === 416 || (status !== 200 && status !== 206)) {
    const refusal = await session.refusal(answer, access.signal);
    if (status === 416) throw lie(descriptor, `no byte from ${at} on`, url);
    if (refusal.code === 'BLOB_UNKNOWN' || (status === 404 && refusal.code === '')) {
      const why = refusal.html ? 'not found (a web page answered)' : 'blob unknown to registry';
      throw new WharfError('manifest.unknown', `${attempt('GET', url)}: ${descriptor.digest}: ${why}`, {
        hint: 'The registry has the image but lacks one of its layers; it must be pushed again.',
      });
    }
    throw pullRefusal(reference, refusal, answer, access.auth !== undefined);
  }
  if (isHtml(response)) throw notARegistry('GET', url, 'a web page (HTML)');
  const expected = status === 206 ? descriptor.size - at : descriptor.size;
  const announced = response.headers['content-length'];
  if (announced !== undefined && Number(announced) !== expected) throw lie(descriptor, `${announced} (announced)`, url);
  if (status === 206 && !rangeStartsAt(response, at)) throw lie(descriptor, 'another range than was asked for', url);
}

function lie(descriptor: Descriptor, got: string, url: URL): WharfError {
  const plain = sizeMismatch(`the blob ${descriptor.digest}`, descriptor.size, got, url);
  return new WharfError('size.mismatch', plain.message, { cause: new LyingServer(got) });
}

function rangeStartsAt(response: IncomingMessage, at: number): boolean {
  const match = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '');
  return match !== null && Number(match[1]) === at;
}

/** The bytes of one answer from `at` on, watched for stalls. */
async function* bodyFrom(
  answer: SessionAnswer,
  blob: BlobRequest,
  at: number,
  session: RegistrySession,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { response, url } = answer;
  // A registry that ignores Range sends everything again: what we have is skipped.
  let skip = answer.status === 206 ? 0 : at;
  let left = blob.descriptor.size - at;
  const watch = new BodyWatch(response, url, session.timeouts);
  try {
    const chunks: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
    for (;;) {
      watch.waiting();
      const next = await chunks.next();
      if (next.done) return;
      watch.received(next.value.length);
      const chunk = skip === 0 ? next.value : next.value.subarray(Math.min(skip, next.value.length));
      skip -= next.value.length - chunk.length;
      if (chunk.length > left) throw lie(blob.descriptor, 'more', url);
      left -= chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : networkFailure(error, 'GET', url);
  } finally {
    watch.stop();
    if (response.complete) discard(response);
    else response.destroy();
  }
}
