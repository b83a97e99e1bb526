/**
 * Signs requests to S3 with AWS signature version 4. Pure: time and credentials come from the caller.
 * Source: Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header".
 */
import { createHash, createHmac } from 'node:crypto';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

export interface RequestToSign {
  readonly method: string;
  /** As it goes over the wire: begins with `/`, each segment percent-encoded once. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case; `host` among them. All are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, hexadecimal. */
  readonly payloadHash: string;
}

export interface Signing {
  readonly credentials: S3Credentials;
  readonly region: string;
  readonly at: Date;
}

const algorithm = 'AWS4-HMAC-SHA256';

/** The headers to send: those given, and what the signature adds. */
export function signedHeaders(request: RequestToSign, signing: Signing): Readonly<Record<string, string>> {
  const { credentials, region, at } = signing;
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': request.payloadHash,
    'x-amz-date': time,
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    request.payloadHash,
  ].join('\n');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const toSign = [algorithm, time, scope, sha256Hex(canonical)].join('\n');
  const key = [time.slice(0, 8), region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  headers.authorization = `${algorithm} Credential=${credentials.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return headers;
}

/** Sorted and encoded as the signature wants it; it goes over the wire like this too. */
export function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
    .sort()
    .join('&');
}

/** Each segment of a key encoded, the slashes kept. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeStrictly).join('/');
}

export function sha256Hex(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** RFC 3986: also what `encodeURIComponent` leaves alone. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
