/** Certificates of the TCP listeners, read and checked before anything is started. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { WharfError } from '../../contract/errors.ts';
import type { ServerTls } from '../daemon-options.ts';

/** @throws WharfError 'request.invalid' when a file is missing or holds something else */
export function readServerTls({ verify, ca, cert, key }: ServerTls): TlsOptions {
  const pair = { cert: readPem(cert), key: readPem(key) };
  try {
    const certificate = new X509Certificate(pair.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
      throw new Error('the key is not that of the certificate');
  } catch (cause) {
    throw invalid(`Could not load X509 key pair (cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)})`, cause);
  }
  if (!verify) return { ...pair, minVersion: 'TLSv1.2' };
  return { ...pair, ca: readAuthorities(ca), requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' };
}

function readAuthorities(path: string): string {
  const text = readPem(path);
  try {
    for (const block of text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [text])
      new X509Certificate(block);
    return text;
  } catch (cause) {
    throw invalid(`could not read CA certificate ${JSON.stringify(path)}`, cause);
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`could not read ${JSON.stringify(path)}`, cause);
  }
}

function invalid(what: string, cause: unknown): WharfError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WharfError('request.invalid', `invalid TLS configuration: ${what}: ${why}`, {
    cause,
    hint: 'See --tlscacert, --tlscert and --tlskey; the files are PEM.',
  });
}
