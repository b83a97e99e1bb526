/** Says what went wrong on the wire in the words docker's users know, and with which code. */
import { WharfError } from '../../contract/errors.ts';

const certificateProblems: ReadonlyMap<string, string> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate signed by unknown authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate signed by unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'certificate signed by unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate signed by unknown authority'],
  ['CERT_HAS_EXPIRED', 'certificate has expired'],
  ['CERT_NOT_YET_VALID', 'certificate is not yet valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate is not valid for this name'],
]);

/** What a server says when our own certificate is at fault, as Go's client words it. */
const certificateAlerts: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate required'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'unknown certificate authority'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'bad certificate'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'bad certificate'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'handshake failure'],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'handshake failure'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'expired certificate'],
]);

interface NodeFailure {
  readonly code: string;
  readonly address?: string;
  readonly port?: number;
  readonly message: string;
}

function nodeFailure(error: unknown): NodeFailure {
  // Several addresses of one name fail together; the first tells enough.
  if (error instanceof AggregateError && error.errors.length > 0) return nodeFailure(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return {
    code,
    ...('address' in error && typeof error.address === 'string' ? { address: error.address } : {}),
    ...('port' in error && typeof error.port === 'number' ? { port: error.port } : {}),
    message: error.message,
  };
}

/** `Get "https://host/v2/"`, as Go begins its errors. Queries may hold secrets (signed blob URLs) and are left out. */
export function attempt(method: string, url: URL): string {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return `${verb} "${url.protocol}//${url.host}${url.pathname}"`;
}

/** Turns what node:http threw into a WharfError 'registry.unreachable', or 'registry.failed' for a connection that broke. */
export function networkFailure(error: unknown, method: string, url: URL): WharfError {
  if (error instanceof WharfError) return error;
  const failure = nodeFailure(error);
  const { code } = failure;
  const what = attempt(method, url);
  // A host that can't be reached is told as docker tells it, by its API: it fails whatever was asked, and is remembered.
  const host = attempt('GET', new URL('/v2/', url));
  const target = failure.address === undefined ? url.host : joinHostPort(failure.address, failure.port);
  const unreachable = (why: string, hint?: string): WharfError =>
    new WharfError('registry.unreachable', `${host}: ${why}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  const certificate = certificateProblems.get(code);
  if (certificate !== undefined) {
    return unreachable(
      `tls: failed to verify certificate: x509: ${certificate}`,
      `Put the registry's certificate authority into /etc/docker/certs.d/${url.host}/ca.crt, or list ${url.host} as an insecure registry.`,
    );
  }
  const alert = certificateAlerts.get(code);
  if (alert !== undefined) {
    return unreachable(
      `remote error: tls: ${alert}`,
      `Put a certificate it accepts into /etc/docker/certs.d/${url.host}/client.cert and client.key.`,
    );
  }
  switch (code) {
    case 'ENOTFOUND':
      return unreachable(`dial tcp: lookup ${url.hostname}: no such host`);
    case 'EAI_AGAIN':
      return unreachable(`dial tcp: lookup ${url.hostname}: temporary failure in name resolution`);
    case 'ECONNREFUSED':
      return unreachable(`dial tcp ${target}: connect: connection refused`);
    case 'ENETUNREACH':
      return unreachable(`dial tcp ${target}: connect: network is unreachable`);
    case 'EHOSTUNREACH':
      return unreachable(`dial tcp ${target}: connect: no route to host`);
    case 'ETIMEDOUT':
      return unreachable(`dial tcp ${target}: i/o timeout`);
    case 'ERR_PROXY_TUNNEL':
      return unreachable(`proxyconnect tcp: ${failure.message}`, 'Check the proxy settings (HTTPS_PROXY, NO_PROXY).');
    case 'EPROTO':
      return unreachable(
        'tls: first record does not look like a TLS handshake',
        `If ${url.host} speaks plain HTTP on purpose, list it as an insecure registry.`,
      );
    default:
      return brokenConnection(error, code, what);
  }
}

function brokenConnection(error: unknown, code: string, what: string): WharfError {
  if (code.startsWith('HPE_')) {
    return new WharfError('registry.protocol', `${what}: malformed HTTP response`, { cause: error });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new WharfError('registry.failed', `${what}: the connection was cut (connection reset by peer)`, {
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : String(error);
  return new WharfError('registry.failed', `${what}: ${why}`, { cause: error });
}

function joinHostPort(address: string, port: number | undefined): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

export function timedOut(method: string, url: URL, doing: string): WharfError {
  return new WharfError('registry.timeout', `${attempt(method, url)}: ${doing}: timeout`);
}

export function cancelled(signal: AbortSignal): WharfError {
  return new WharfError('request.cancelled', 'context canceled', { cause: signal.reason });
}
