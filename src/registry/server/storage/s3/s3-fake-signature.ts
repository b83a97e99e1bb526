/** Checks signatures for the fake S3: made from the raw request, apart from what makes them in `s3-signature.ts`. */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Refusal } from './s3-fake-objects.ts';

export interface KnownKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request,\s?SignedHeaders=([\w;-]+),\s?Signature=([0-9a-f]{64})$/;
const maxSkewMs = 15 * 60_000;

export function checkSignature(request: IncomingMessage, body: Buffer, key: KnownKey): void {
  const { headers } = request;
  const [, id, day, region, names = '', signature] = form.exec(headers.authorization ?? '') ?? refuse('no signature');
  if (id !== key.accessKeyId) refuse('unknown key');
  if (region !== key.region) throw new S3Refusal(400, 'AuthorizationHeaderMalformed', 'wrong region');
  const time = String(headers['x-amz-date']);
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - at) < maxSkewMs) || !time.startsWith(day ?? '?'))
    throw new S3Refusal(403, 'RequestTimeTooSkewed', time);
  const hash = createHash('sha256').update(body).digest('hex');
  if (headers['x-amz-content-sha256'] !== hash)
    throw new S3Refusal(400, 'XAmzContentSHA256Mismatch', 'the body is another');
  const signed = names.split(';');
  for (const name of Object.keys(headers))
    if ((name.startsWith('x-amz-') || name === 'host') && !signed.includes(name)) refuse(`${name} is not signed`);
  const [path = '', search = ''] = (request.url ?? '').split('?');
  const query =
    search === ''
      ? ''
      : search
          .split('&')
          .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
          .sort()
          .join('&');
  const lines = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`).join('');
  const canonical = `${request.method}\n${path}\n${query}\n${lines}\n${names}\n${hash}`;
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const dayKey = hmac(`AWS4${key.secretAccessKey}`, day ?? '');
  const expected = hmac(hmac(hmac(hmac(dayKey, key.region), 's3'), 'aws4_request'), toSign).toString('hex');
  if (signature !== expected) throw new S3Refusal(403, 'SignatureDoesNotMatch', 'the signature is another');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function refuse(message: string): never {
  throw new S3Refusal(403, 'AccessDenied', message);
}
