/** TLS to an engine on TCP. A file of its own, loaded when asked for: node:tls costs a command line program milliseconds. */
import { existsSync, readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { WharfError } from '../../contract/errors.ts';

/** Paths of PEM files. */
export interface ClientTls {
  /** Whether the engine's certificate must be of `ca`'s authority and for its host's name. */
  readonly verify: boolean;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Begins to connect; the socket says `secureConnect`. The client's own certificate is shown when both files are there.
 * @throws WharfError 'request.invalid' when a file is missing that is needed
 */
export function connectTls(address: { readonly host: string; readonly port: number }, tls: ClientTls): Socket {
  const own = existsSync(tls.cert) && existsSync(tls.key) ? { cert: readPem(tls.cert), key: readPem(tls.key) } : {};
  const { host, port } = address;
  // Documented for tls.connect, and missing in its types.
  const options: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
    host,
    port,
    allowHalfOpen: true,
    minVersion: 'TLSv1.2',
    // RFC 6066 forbids addresses as server names.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...own,
    ...(tls.verify ? { ca: readPem(tls.ca) } : { rejectUnauthorized: false }),
  };
  const socket = connect(options);
  socket.setNoDelay(true);
  return socket;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('request.invalid', `unable to read the TLS file ${path}: ${why}`, {
      cause,
      hint: 'Give --tlscacert, --tlscert and --tlskey, or DOCKER_CERT_PATH, a folder with ca.pem, cert.pem and key.pem.',
    });
  }
}

/** What OpenSSL or Node say of a certificate, in a sentence that says whose fault it is; undefined for other errors. */
export function tlsFailure(cause: NodeJS.ErrnoException): { readonly why: string; readonly hint: string } | undefined {
  const code = cause.code ?? '';
  if (/ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|CERTIFICATE_UNKNOWN)$/.test(code)) {
    return {
      why: "the engine refused this client's certificate",
      hint: 'Give --tlscert and --tlskey a pair of the authority that the engine trusts (its --tlscacert).',
    };
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return { why: 'it does not speak TLS there', hint: 'Leave out --tls and --tlsverify, or check the port.' };
  }
  if (/^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code)) {
    return {
      why: `its certificate can not be trusted: ${cause.message}`,
      hint: 'Check --tlscacert and the host name.',
    };
  }
  return undefined;
}
