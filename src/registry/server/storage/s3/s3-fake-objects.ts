/** What the fake S3 of the tests keeps, and the rules it keeps it by. */
import { createHash, randomUUID } from 'node:crypto';
import { elements, elementText, escapeXml } from './s3-xml.ts';

export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Kept {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly writer: string;
  readonly modifiedAt: Date;
}

interface Multipart {
  readonly key: string;
  readonly begunAt: Date;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

export class S3Objects {
  readonly #minPartBytes: number;
  readonly #forgetful: boolean;
  readonly #kept = new Map<string, Kept>();
  readonly #multiparts = new Map<string, Multipart>();

  constructor(minPartBytes: number, forgetful: boolean) {
    this.#minPartBytes = minPartBytes;
    this.#forgetful = forgetful;
  }

  /** In the order S3 lists them. */
  get keys(): readonly string[] {
    return [...this.#kept.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  get unfinished(): number {
    return this.#multiparts.size;
  }

  kept(key: string): Kept {
    return this.#kept.get(key) ?? refused(404, 'NoSuchKey', key);
  }

  /** Makes an object look as old as a test needs it. */
  age(key: string, byMs: number): void {
    const kept = this.kept(key);
    this.#kept.set(key, { ...kept, modifiedAt: new Date(kept.modifiedAt.getTime() - byMs) });
  }

  put(key: string, bytes: Buffer, writer = '', etag = etagOf(bytes)): string {
    // S3 tells times in whole seconds.
    const modifiedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
    this.#kept.set(key, { bytes: Buffer.from(bytes), etag, writer, modifiedAt });
    return etag;
  }

  delete(key: string): void {
    this.#kept.delete(key);
  }

  checkCondition(key: string, ifNoneMatch: string | undefined, ifMatch: string | undefined): void {
    if (this.#forgetful) return;
    const there = this.#kept.get(key);
    if (ifNoneMatch === '*' && there !== undefined) refused(412, 'PreconditionFailed', key);
    if (ifMatch !== undefined && there === undefined) refused(404, 'NoSuchKey', key);
    if (ifMatch !== undefined && there?.etag !== ifMatch) refused(412, 'PreconditionFailed', key);
  }

  answerGet(key: string, range: string | undefined, ifMatch: string | undefined) {
    const { bytes, etag, writer, modifiedAt } = this.kept(key);
    if (ifMatch !== undefined && ifMatch !== etag) refused(412, 'PreconditionFailed', key);
    const headers = { etag, 'last-modified': modifiedAt.toUTCString(), 'x-amz-meta-wharf-writer': writer };
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    if (from === undefined)
      return { status: 200, headers: { ...headers, 'content-length': String(bytes.byteLength) }, body: bytes };
    if (Number(from) >= bytes.byteLength) refused(416, 'InvalidRange', key);
    return { status: 206, headers, body: bytes.subarray(Number(from), Number(to) + 1) };
  }

  copySource(header: string, bucket: string): Buffer {
    const [, name, ...key] = header.split('/').map(decodeURIComponent);
    if (name !== bucket) refused(404, 'NoSuchBucket', header);
    return this.kept(key.join('/')).bytes;
  }

  begin(key: string): string {
    const id = randomUUID();
    this.#multiparts.set(id, { key, begunAt: new Date(), parts: new Map() });
    return id;
  }

  putPart(id: string, key: string, number: number, bytes: Buffer): string {
    if (!Number.isInteger(number) || number < 1 || number > 10_000) refused(400, 'InvalidArgument', `part ${number}`);
    const etag = etagOf(bytes);
    this.#multipart(id, key).parts.set(number, { bytes: Buffer.from(bytes), etag });
    return etag;
  }

  complete(id: string, key: string, listed: readonly { number: number; etag: string }[]): string {
    const { parts } = this.#multipart(id, key);
    if (listed.length === 0) refused(400, 'MalformedXML', 'no parts');
    const chosen = listed.map(({ number, etag }, at) => {
      if (at > 0 && number <= (listed[at - 1]?.number ?? 0)) refused(400, 'InvalidPartOrder', `part ${number}`);
      const part = parts.get(number);
      if (part === undefined || part.etag !== etag) return refused(400, 'InvalidPart', `part ${number}`);
      if (at < listed.length - 1 && part.bytes.byteLength < this.#minPartBytes)
        refused(400, 'EntityTooSmall', `part ${number}`);
      return part;
    });
    this.#multiparts.delete(id);
    const digests = chosen.map(({ etag }) => Buffer.from(etag.replace(/"/g, ''), 'hex'));
    const etag = `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${chosen.length}"`;
    return this.put(key, Buffer.concat(chosen.map(({ bytes }) => bytes)), '', etag);
  }

  abort(id: string, key: string): void {
    this.#multipart(id, key);
    this.#multiparts.delete(id);
  }

  uploadsXml(prefix: string): string {
    const entries = [...this.#multiparts].filter(([, { key }]) => key.startsWith(prefix));
    const listed = entries.map(
      ([id, { key, begunAt }]) =>
        `<Upload><Key>${encodeURIComponent(key)}</Key><UploadId>${id}</UploadId><Initiated>${begunAt.toISOString()}</Initiated></Upload>`,
    );
    return `<ListMultipartUploadsResult>${listed.join('')}</ListMultipartUploadsResult>`;
  }

  #multipart(id: string, key: string): Multipart {
    const found = this.#multiparts.get(id);
    return found?.key === key ? found : refused(404, 'NoSuchUpload', id);
  }
}

/** One page of ListObjectsV2; a common prefix counts as one entry, as in S3. */
export function listPage(objects: S3Objects, query: URLSearchParams, pageSize: number): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const after = query.get('continuation-token') ?? '';
  const entries: string[] = [];
  let last = '';
  let isTruncated = false;
  for (const key of objects.keys) {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = end === -1 ? key : key.slice(0, end + 1);
    if (!key.startsWith(prefix) || (after !== '' && entry <= after) || entry === last) continue;
    if (entries.length === pageSize) {
      isTruncated = true;
      break;
    }
    entries.push(
      entry === key && end === -1
        ? contents(objects, key)
        : `<CommonPrefixes><Prefix>${encodeURIComponent(entry)}</Prefix></CommonPrefixes>`,
    );
    last = entry;
  }
  const more = isTruncated ? `<NextContinuationToken>${escapeXml(last)}</NextContinuationToken>` : '';
  return `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${more}${entries.join('')}</ListBucketResult>`;
}

function contents(objects: S3Objects, key: string): string {
  const { bytes, modifiedAt } = objects.kept(key);
  return `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>${modifiedAt.toISOString()}</LastModified><Size>${bytes.byteLength}</Size></Contents>`;
}

export function completedParts(xml: string): readonly { number: number; etag: string }[] {
  return elements(xml, 'Part').map((part) => ({
    number: Number(elementText(part, 'PartNumber')),
    etag: elementText(part, 'ETag') ?? '',
  }));
}

export function deletedKeys(xml: string): readonly string[] {
  return elements(xml, 'Object').map((entry) => elementText(entry, 'Key') ?? '');
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function refused(status: number, code: string, message: string): never {
  throw new S3Refusal(status, code, message);
}
