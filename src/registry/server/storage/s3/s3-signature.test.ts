import { expect, it } from 'vitest';
import { canonicalQuery, encodedPath, sha256Hex, signedHeaders } from './s3-signature.ts';

// The worked examples of Amazon's documentation ("Examples: Signature Calculations in AWS Signature Version 4").
const signing = {
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  region: 'us-east-1',
  at: new Date('2013-05-24T00:00:00Z'),
};
const host = 'examplebucket.s3.amazonaws.com';

function signatureOf(method: string, path: string, more: { query?: object; headers?: object; body?: string }): string {
  const request = {
    method,
    path,
    query: { ...more.query },
    headers: { host, ...more.headers },
    payloadHash: sha256Hex(more.body ?? ''),
  };
  return /Signature=(\w+)$/.exec(signedHeaders(request, signing).authorization ?? '')?.[1] ?? '';
}

it.each([
  [
    'GET',
    '/test.txt',
    { headers: { range: 'bytes=0-9' } },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  ['GET', '/', { query: { lifecycle: '' } }, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  [
    'GET',
    '/',
    { query: { 'max-keys': '2', prefix: 'J' } },
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
])('signs the documented %s %s as documented', (method, path, more, signature) => {
  expect(signatureOf(method, path, more)).toBe(signature);
});

it('signs the documented PUT of an object as documented', () => {
  const headers = { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
  const signature = signatureOf('PUT', encodedPath('/test$file.text'), { headers, body: 'Welcome to Amazon S3.' });
  expect(signature).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
});

it('encodes what a URL may leave alone, and signs a session token', () => {
  expect(canonicalQuery({ b: "it's (a) *", a: 'ü/' })).toBe('a=%C3%BC%2F&b=it%27s%20%28a%29%20%2A');
  expect(encodedPath('/a b/c+d')).toBe('/a%20b/c%2Bd');
  const request = { method: 'GET', path: '/', query: {}, headers: { host }, payloadHash: sha256Hex('') };
  const headers = signedHeaders(request, {
    ...signing,
    credentials: { ...signing.credentials, sessionToken: 'temporary' },
  });
  expect(headers['x-amz-security-token']).toBe('temporary');
  expect(headers.authorization).toContain('SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,');
});
