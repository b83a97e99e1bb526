/** Where the API listens. */
import { resolve } from 'node:path';
import { refuseValue } from './setting-reader.ts';

export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** Sockets that systemd opened: all of them (`fd://`), the one with this name, or with this number (`fd://3`). */
  | { readonly kind: 'fd'; readonly name: string | undefined };

/** Docker's ports of the API, without and with TLS. */
const plainPort = 2375;
const tlsPort = 2376;

/**
 * @param tls what the port is when none is given
 * @throws WharfError 'request.invalid'
 */
export function parseListenAddress(text: string, tls = false): ListenAddress {
  if (text.startsWith('unix://') && text.length > 'unix://'.length)
    return { kind: 'unix', path: resolve(text.slice('unix://'.length)) };
  const fd = /^fd:\/\/([\w.:@-]+|\*)?$/.exec(text);
  if (fd !== null) return { kind: 'fd', name: fd[1] === '*' ? undefined : fd[1] };
  // docker takes `address:port` without a scheme for TCP.
  const full = /^[^/]*:\d+$/.test(text) ? `tcp://${text}` : text;
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[\w.-]*)(?::(\d{1,5}))?\/?$/.exec(full);
  const port = Number(tcp?.[2] ?? (tls ? tlsPort : plainPort));
  if (tcp === null || port > 65_535) return refuseValue('host', text, 'unix:///path, tcp://address:port or fd://');
  return { kind: 'tcp', host: (tcp[1] || '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}
