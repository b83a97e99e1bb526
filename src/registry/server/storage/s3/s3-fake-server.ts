/**
 * An S3 for tests, stricter than most: it checks each signature against the bytes that came, hashes of bodies, part sizes,
 * the order and ETags of parts; lists come in small pages. Faults can be planted: refusals, cuts before and after the effect.
 * Source: Amazon S3 API reference.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { completedParts, deletedKeys, listPage, S3Objects, S3Refusal } from './s3-fake-objects.ts';
import { checkSignature, type KnownKey } from './s3-fake-signature.ts';

export type Fault =
  /** Answered with this status, nothing done. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** The connection is cut, nothing done. */
  | { readonly kind: 'cut' }
  /** Done, but the connection is cut instead of an answer. */
  | { readonly kind: 'lose-answer' }
  /** The body of the answer is cut after so many bytes. */
  | { readonly kind: 'cut-body'; readonly afterBytes: number }
  /** Status 200, an error in the body, nothing done: how S3 fails late. */
  | { readonly kind: 'late-error' };

/** Asked once a request; `undefined` lets it pass. */
export type FaultPlan = (request: {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
}) => Fault | undefined;

export interface FakeS3 extends AsyncDisposable {
  readonly url: string;
  readonly bucket: string;
  readonly objects: S3Objects;
  /** `METHOD key?query` of each request that came. */
  readonly requests: string[];
  plan: FaultPlan;
}

export const fakeKey: KnownKey = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'a/Secret+of=Tests',
  region: 'eu-test-1',
};

/** @param options.forgetful some stores take no notice of conditions */
export async function fakeS3(
  options: { minPartBytes?: number; pageSize?: number; forgetful?: boolean } = {},
): Promise<FakeS3> {
  const objects = new S3Objects(options.minPartBytes ?? 5 * 1024 * 1024, options.forgetful ?? false);
  const fake = { bucket: 'images', objects, requests: [] as string[], plan: (() => undefined) as FaultPlan };
  const server = createServer((request, response) => {
    serve(request, response, fake, options.pageSize ?? 3).catch((error: unknown) => refuse(request, response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(fake, {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

type Served = Pick<FakeS3, 'bucket' | 'objects' | 'requests' | 'plan'>;

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  fake: Served,
  pageSize: number,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake');
  const [, bucket, ...rest] = url.pathname.split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const method = request.method ?? 'GET';
  fake.requests.push(`${method} ${key}${url.search}`);
  const body = await buffer(request);
  const fault = fake.plan({ method, key, query: url.searchParams });
  if (fault?.kind === 'refuse') throw new S3Refusal(fault.status, fault.code, 'as the test wants it');
  if (fault?.kind === 'cut') return void request.socket.destroy();
  if (fault?.kind === 'late-error')
    return send(response, method, { status: 200, body: errorXml('InternalError', 'late') });
  checkSignature(request, body, fakeKey);
  if (bucket !== fake.bucket) throw new S3Refusal(404, 'NoSuchBucket', 'no such bucket');
  const answer =
    key === ''
      ? onBucket(method, url.searchParams, request, body, fake.objects, pageSize)
      : onObject(method, key, url.searchParams, request, body, fake.objects);
  if (fault?.kind === 'lose-answer') return void request.socket.destroy();
  if (fault?.kind === 'cut-body') {
    const whole = Buffer.from(answer.body ?? '');
    response.writeHead(answer.status, { ...answer.headers, 'content-length': String(whole.byteLength) });
    response.write(whole.subarray(0, fault.afterBytes), () => request.socket.destroy());
    return;
  }
  send(response, method, answer);
}

function onBucket(
  method: string,
  query: URLSearchParams,
  request: IncomingMessage,
  body: Buffer,
  objects: S3Objects,
  pageSize: number,
): Answer {
  if (method === 'POST' && query.has('delete')) {
    if (request.headers['content-md5'] !== createHash('md5').update(body).digest('base64'))
      throw new S3Refusal(400, 'BadDigest', 'Content-MD5 is missing or wrong');
    for (const key of deletedKeys(body.toString())) objects.delete(key);
    return { status: 200, body: '<DeleteResult/>' };
  }
  if (method === 'GET' && query.has('uploads'))
    return { status: 200, body: objects.uploadsXml(query.get('prefix') ?? '') };
  if (method === 'GET' && query.get('list-type') === '2')
    return { status: 200, body: listPage(objects, query, pageSize) };
  throw new S3Refusal(501, 'NotImplemented', `${method} of the bucket`);
}

function onObject(
  method: string,
  key: string,
  query: URLSearchParams,
  request: IncomingMessage,
  body: Buffer,
  objects: S3Objects,
): Answer {
  const { headers } = request;
  const uploadId = query.get('uploadId');
  const source = headers['x-amz-copy-source'];
  const copied = typeof source === 'string' ? objects.copySource(source, 'images') : undefined;
  if (uploadId !== null) {
    if (method === 'PUT') {
      const etag = objects.putPart(uploadId, key, Number(query.get('partNumber')), copied ?? body);
      if (copied === undefined) return { status: 200, headers: { etag } };
      return { status: 200, body: `<CopyPartResult><ETag>${etag.replace(/"/g, '&quot;')}</ETag></CopyPartResult>` };
    }
    if (method === 'POST') {
      const etag = objects.complete(uploadId, key, completedParts(body.toString()));
      return {
        status: 200,
        body: `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`,
      };
    }
    objects.abort(uploadId, key);
    return { status: 204 };
  }
  switch (method) {
    case 'POST':
      return { status: 200, body: `<R><UploadId>${objects.begin(key)}</UploadId></R>` };
    case 'PUT': {
      objects.checkCondition(key, headers['if-none-match'], headers['if-match']);
      const meta = headers['x-amz-meta-wharf-writer'];
      const etag = objects.put(key, copied ?? body, typeof meta === 'string' ? meta : '');
      return copied === undefined ? { status: 200, headers: { etag } } : { status: 200, body: '<CopyObjectResult/>' };
    }
    case 'DELETE':
      objects.delete(key);
      return { status: 204 };
    default:
      return objects.answerGet(key, headers.range, headers['if-match']);
  }
}

function send(response: ServerResponse, method: string, { status, headers = {}, body = '' }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'content-length': String(bytes.byteLength), ...headers });
  response.end(method === 'HEAD' ? undefined : bytes);
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const refusal = error instanceof S3Refusal ? error : new S3Refusal(500, 'InternalError', String(error));
  send(response, request.method ?? 'GET', { status: refusal.status, body: errorXml(refusal.code, refusal.message) });
}

function errorXml(code: string, message: string): string {
  return `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>${message.replace(/[<&]/g, '?')}</Message></Error>`;
}
