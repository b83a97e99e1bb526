/**
 * Pushes a blob.
 *
 *     HEAD: there already? ──► POST with mount: taken from another repository? ──► POST: an upload begins
 *        ──► PUT with all bytes ──► done
 *             └─ cut or refused as too large ──► GET: how far did it come? ──► PATCH piece by piece ──► PUT
 */
import { type Readable, Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Reference } from '../../oci/reference.ts';
import { discard } from './document-body.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import { attempt, cancelled } from './network-failure.ts';
import { pushRefusal } from './push-refusal.ts';
import { locationUrl, type RegistrySession, type SessionAnswer } from './registry-session.ts';

export interface BlobUpload {
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  readonly open: () => Readable;
  readonly mountFrom: readonly string[];
  readonly onMounted: (from: string) => void;
  readonly onBytes: (sent: number) => void;
}

const maxTries = 5;
const maxMounts = 5;
const pieceBytes = 16 * 1024 * 1024;

export async function pushBlob(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
): Promise<'pushed' | 'exists' | 'mounted'> {
  if (await blobExists(session, upload.reference, upload.descriptor.digest, access)) return 'exists';
  let location: URL | undefined;
  for (const from of upload.mountFrom.slice(0, maxMounts)) {
    const answer = await begin(session, upload, access, from);
    if (answer === 'mounted') {
      upload.onMounted(from);
      return 'mounted';
    }
    // A refused mount has begun an upload: the last one is used, the others are given back.
    if (location !== undefined) await abandon(session, upload, access, location);
    location = answer;
  }
  await send(session, upload, access, location);
  return 'pushed';
}

export async function blobExists(
  session: RegistrySession,
  reference: Reference,
  digest: string,
  access: EndpointAccess,
): Promise<boolean> {
  const answer = await session.request({
    ...access,
    method: 'HEAD',
    target: `/v2/${reference.path}/blobs/${digest}`,
    scopes: [`repository:${reference.path}:pull`],
  });
  discard(answer.response);
  return answer.status === 200;
}

/** @returns where to upload to, or that the other repository's blob was taken. */
async function begin(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
  from?: string,
): Promise<URL | 'mounted'> {
  const { reference, descriptor } = upload;
  const query = from === undefined ? '' : `?${new URLSearchParams({ mount: descriptor.digest, from })}`;
  const answer = await session.request({
    ...access,
    method: 'POST',
    target: `/v2/${reference.path}/blobs/uploads/${query}`,
    scopes: [...pushScopes(reference), ...(from === undefined ? [] : [`repository:${from}:pull`])],
    headers: { 'content-length': '0' },
  });
  if (answer.status === 201 && from !== undefined) {
    discard(answer.response);
    return 'mounted';
  }
  if (answer.status !== 202) throw await pushRefusal(session, reference, answer, access, 'POST');
  discard(answer.response);
  return nextLocation(answer, access);
}

async function send(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
  begun: URL | undefined,
): Promise<void> {
  let location = begun;
  let inPieces = false;
  for (let tries = 1; ; tries++) {
    try {
      if (location === undefined) {
        const fresh = await begin(session, upload, access);
        if (fresh === 'mounted') return;
        location = fresh;
      }
      if (inPieces) await sendPieces(session, upload, access, location);
      else await sendWhole(session, upload, access, location);
      return;
    } catch (error) {
      if (access.signal.aborted) throw cancelled(access.signal);
      if (!isWharfError(error) || tries >= maxTries || !mayRepeat(error)) {
        if (location !== undefined) await abandon(session, upload, access, location);
        throw error;
      }
      // Pieces survive a cut and pass proxies that bound the size of a request.
      inPieces = true;
      if (error.code === 'registry.failed' && error.status === 404) location = undefined;
      await pause(session.timeouts.retryPauseMs * 2 ** (tries - 1), undefined, {
        signal: AbortSignal.any([access.signal]),
      }).catch(() => {
        throw cancelled(access.signal);
      });
    }
  }
}

function mayRepeat(error: WharfError): boolean {
  return error.code === 'registry.failed' || error.code === 'registry.timeout' || error.code === 'registry.unreachable';
}

async function sendWhole(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
  location: URL,
): Promise<void> {
  const answer = await session.request({
    ...access,
    method: 'PUT',
    target: withDigest(location, upload.descriptor.digest),
    scopes: pushScopes(upload.reference),
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(upload.descriptor.size) },
    body: () => counted(upload.open(), upload, 0),
  });
  await expectCreated(session, upload, access, answer);
}

async function sendPieces(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
  start: URL,
): Promise<void> {
  const { size, digest } = upload.descriptor;
  let { location, offset } = await progress(session, upload, access, start);
  const source = upload.open();
  try {
    for await (const piece of pieces(source, offset)) {
      const range = `${offset}-${offset + piece.length - 1}`;
      const answer = await session.request({
        ...access,
        method: 'PATCH',
        target: location,
        scopes: pushScopes(upload.reference),
        headers: { 'content-type': 'application/octet-stream', 'content-range': range },
        body: () => piece,
      });
      if (answer.status !== 202 && answer.status !== 204)
        throw await pushRefusal(session, upload.reference, answer, access, 'PATCH');
      discard(answer.response);
      location = nextLocation(answer, access);
      offset += piece.length;
      upload.onBytes(offset);
    }
  } finally {
    source.destroy();
  }
  if (offset !== size) throw new WharfError('size.mismatch', `push ${digest}: has ${offset} bytes instead of ${size}`);
  const answer = await session.request({
    ...access,
    method: 'PUT',
    target: withDigest(location, digest),
    scopes: pushScopes(upload.reference),
    headers: { 'content-length': '0' },
  });
  await expectCreated(session, upload, access, answer);
}

/** How many bytes of a cut upload the registry kept. */
async function progress(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
  start: URL,
): Promise<{ location: URL; offset: number }> {
  const answer = await session.request({
    ...access,
    method: 'GET',
    target: start,
    scopes: pushScopes(upload.reference),
  });
  if (answer.status !== 204 && answer.status !== 202)
    throw await pushRefusal(session, upload.reference, answer, access, 'GET');
  discard(answer.response);
  const range = /^(?:bytes=)?0-(\d+)$/.exec(String(answer.response.headers.range ?? ''));
  // `0-0` is what registries answer both for none and for one byte.
  const last = range === null ? 0 : Number(range[1]);
  const offset = last === 0 ? 0 : Math.min(last + 1, upload.descriptor.size);
  return { location: answer.response.headers.location === undefined ? start : nextLocation(answer, access), offset };
}

async function* pieces(source: Readable, offset: number): AsyncGenerator<Buffer> {
  let skip = offset;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const chunks: AsyncIterable<Buffer> = source;
  for await (const whole of chunks) {
    const chunk = whole.subarray(Math.min(skip, whole.length));
    skip -= whole.length - chunk.length;
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < pieceBytes) continue;
    yield Buffer.concat(held);
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}

function counted(source: Readable, upload: BlobUpload, from: number): Readable {
  let sent = from;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      upload.onBytes(sent);
      done(null, chunk);
    },
  });
  source.once('error', (error) => counter.destroy(error));
  counter.once('close', () => source.destroy());
  return source.pipe(counter);
}

async function expectCreated(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
  answer: SessionAnswer,
): Promise<void> {
  if (answer.status !== 201 && answer.status !== 204)
    throw await pushRefusal(session, upload.reference, answer, access, 'PUT');
  discard(answer.response);
}

/** Gives a half-made upload back, so that it does not lie in the registry; what ended the push is told, not this. */
async function abandon(
  session: RegistrySession,
  upload: BlobUpload,
  access: EndpointAccess,
  location: URL,
): Promise<void> {
  const signal = AbortSignal.timeout(5_000);
  await session
    .request({ ...access, signal, method: 'DELETE', target: location, scopes: pushScopes(upload.reference) })
    .then((answer) => discard(answer.response))
    .catch(() => undefined);
}

export function pushScopes(reference: Reference): readonly string[] {
  return [`repository:${reference.path}:pull,push`];
}

function nextLocation(answer: SessionAnswer, access: EndpointAccess): URL {
  const location = answer.response.headers.location;
  if (location === undefined) {
    throw new WharfError(
      'registry.protocol',
      `${attempt('POST', answer.url)}: the registry does not say where to upload to`,
    );
  }
  return locationUrl(answer, location, access.endpoint);
}

function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  return url;
}
