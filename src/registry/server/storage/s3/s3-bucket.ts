/** What the registry does with objects of one bucket: each operation of S3's it needs, typed. Keys are whole keys. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { S3Client } from './s3-client.ts';
import { elements, elementText, escapeXml } from './s3-xml.ts';

export interface S3Object {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface S3Page {
  readonly objects: readonly S3Object[];
  /** Common prefixes up to the delimiter; each ends with it. */
  readonly folders: readonly string[];
}

export interface Part {
  readonly number: number;
  readonly etag: string;
}

export type WriteCondition = 'absent' | { readonly etag: string };

const writerHeader = 'x-amz-meta-wharf-writer';
const maxPerDelete = 1000;

export class S3Bucket {
  readonly #client: S3Client;
  readonly #conditional: boolean;

  /** @param conditional false for stores that know no conditional writes: then each write is done */
  constructor(client: S3Client, conditional = true) {
    this.#client = client;
    this.#conditional = conditional;
  }

  async get(key: string): Promise<{ readonly bytes: Buffer; readonly etag: string } | undefined> {
    const { status, headers, body } = await this.#client.send({ method: 'GET', key, also: [404] });
    return status === 404 ? undefined : { bytes: body, etag: headers.etag ?? '' };
  }

  async head(
    key: string,
  ): Promise<{ readonly file: S3Object; readonly etag: string; readonly writer: string } | undefined> {
    const { status, headers } = await this.#client.send({ method: 'HEAD', key, also: [404] });
    if (status === 404) return undefined;
    const modifiedAtMs = Date.parse(headers['last-modified'] ?? '') || 0;
    const file = { key, sizeBytes: Number(headers['content-length'] ?? 0), modifiedAtMs };
    return { file, etag: headers.etag ?? '', writer: String(headers[writerHeader] ?? '') };
  }

  /** Bytes from `start` to `end`, both included, of the very object `etag` names if it is given. One try. */
  async open(key: string, start: number, end: number, etag?: string): Promise<IncomingMessage | undefined> {
    const headers = { range: `bytes=${start}-${end}`, ...(etag === undefined ? {} : { 'if-match': etag }) };
    return await this.#client.open({ method: 'GET', key, headers });
  }

  /** Answers the new ETag; undefined when the condition does not hold. */
  async put(key: string, body: readonly Uint8Array[], wanted?: WriteCondition): Promise<string | undefined> {
    const condition = this.#conditional ? wanted : undefined;
    const writer = randomUUID();
    const headers = {
      'content-type': 'application/octet-stream',
      [writerHeader]: writer,
      ...conditionHeaders(condition),
    };
    const also = condition === undefined ? [] : [404, 412];
    const answer = await this.#client.send({ method: 'PUT', key, headers, body, also });
    if (answer.status < 300) return answer.headers.etag ?? '';
    // A first try may have been done although its answer was lost; the second then meets what it wrote itself.
    const there = await this.head(key);
    return there?.writer === writer ? there.etag : undefined;
  }

  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length <= 2) {
      for (const key of keys) await this.#client.send({ method: 'DELETE', key, also: [404] });
      return;
    }
    for (let at = 0; at < keys.length; at += maxPerDelete) await this.#deleteSome(keys.slice(at, at + maxPerDelete));
  }

  async #deleteSome(keys: readonly string[]): Promise<void> {
    const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join('');
    const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects}</Delete>`);
    const headers = {
      'content-type': 'application/xml',
      'content-md5': createHash('md5').update(body).digest('base64'),
    };
    await this.#client.retrying(async () => {
      const answer = await this.#client.send({ method: 'POST', key: '', query: { delete: '' }, headers, body: [body] });
      const [failed] = elements(answer.body.toString('utf8'), 'Error');
      if (failed !== undefined)
        throw new Error(`S3 kept ${elementText(failed, 'Key')}: ${elementText(failed, 'Code')}`);
    });
  }

  /** All keys that begin with this, in the order of UTF-8; with `/` as delimiter only the direct children. */
  async *list(prefix: string, delimiter?: '/'): AsyncGenerator<S3Page> {
    let token: string | undefined;
    do {
      const query = {
        'list-type': '2',
        'encoding-type': 'url',
        prefix,
        ...(delimiter === undefined ? {} : { delimiter }),
        ...(token === undefined ? {} : { 'continuation-token': token }),
      };
      const { body } = await this.#client.send({ method: 'GET', key: '', query });
      const xml = body.toString('utf8');
      const folders = elements(xml, 'CommonPrefixes').map((entry) => decodedKey(elementText(entry, 'Prefix')));
      yield { objects: elements(xml, 'Contents').map(listedObject), folders };
      const next = elementText(xml, 'NextContinuationToken');
      // An endless list is no list: the same token twice is a fault of the server.
      if (next !== undefined && next === token) throw new Error('S3 repeats a page of its list');
      token = elementText(xml, 'IsTruncated') === 'true' ? next : undefined;
    } while (token !== undefined);
  }

  /** Within the bucket; at most 5 GiB. */
  async copy(from: string, to: string): Promise<void> {
    await this.#client.send({ method: 'PUT', key: to, headers: { 'x-amz-copy-source': this.#source(from) } });
  }

  async beginMultipart(key: string): Promise<string> {
    const headers = { 'content-type': 'application/octet-stream' };
    const { body } = await this.#client.send({ method: 'POST', key, query: { uploads: '' }, headers });
    const id = elementText(body.toString('utf8'), 'UploadId');
    if (id === undefined) throw new Error('S3 began a multipart upload without an id');
    return id;
  }

  async uploadPart(key: string, uploadId: string, number: number, body: readonly Uint8Array[]): Promise<Part> {
    const query = { partNumber: String(number), uploadId };
    const { headers } = await this.#client.send({ method: 'PUT', key, query, body });
    return { number, etag: headers.etag ?? '' };
  }

  async copyPart(key: string, uploadId: string, number: number, from: string): Promise<Part> {
    const query = { partNumber: String(number), uploadId };
    const headers = { 'x-amz-copy-source': this.#source(from) };
    const { body } = await this.#client.send({ method: 'PUT', key, query, headers });
    return { number, etag: elementText(body.toString('utf8'), 'ETag') ?? '' };
  }

  async completeMultipart(key: string, uploadId: string, parts: readonly Part[]): Promise<void> {
    const listed = parts.map(
      ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`);
    await this.#client.send({ method: 'POST', key, query: { uploadId }, body: [body] });
  }

  async abortMultipart(key: string, uploadId: string): Promise<void> {
    await this.#client.send({ method: 'DELETE', key, query: { uploadId }, also: [404] });
  }

  /** Begun and neither completed nor aborted. One page: what is beyond it waits for the next look. */
  async unfinishedMultiparts(prefix: string): Promise<readonly { key: string; uploadId: string; begunAtMs: number }[]> {
    const query = { uploads: '', 'encoding-type': 'url', prefix };
    const { body } = await this.#client.send({ method: 'GET', key: '', query });
    return elements(body.toString('utf8'), 'Upload').map((entry) => ({
      key: decodedKey(elementText(entry, 'Key')),
      uploadId: elementText(entry, 'UploadId') ?? '',
      begunAtMs: Date.parse(elementText(entry, 'Initiated') ?? '') || Date.now(),
    }));
  }

  #source(key: string): string {
    return `/${this.#client.bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }
}

function conditionHeaders(condition: WriteCondition | undefined): Readonly<Record<string, string>> {
  if (condition === undefined) return {};
  return condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': condition.etag };
}

function listedObject(entry: string): S3Object {
  return {
    key: decodedKey(elementText(entry, 'Key')),
    sizeBytes: Number(elementText(entry, 'Size') ?? 0),
    modifiedAtMs: Date.parse(elementText(entry, 'LastModified') ?? '') || 0,
  };
}

/** `encoding-type=url`: a key may hold what XML can not. */
function decodedKey(text: string | undefined): string {
  return decodeURIComponent((text ?? '').replace(/\+/g, '%20'));
}
