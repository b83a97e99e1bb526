import type { IncomingMessage } from 'node:http';
import { gatewayHeader } from '../contract/gateway-protocol.ts';
import type { WebSessions } from './web-sessions.ts';

/**
 * Who may ask the gateway for something. A page of another site can make a browser send requests here, so each is checked:
 *
 *  - Host is our own address: a name an attacker has pointed at 127.0.0.1 (DNS rebinding) is refused
 *  - the session cookie is there; it is HttpOnly and SameSite=Strict
 *  - whatever does something (all but GET of a page file) carries our own Origin or a header a form can not set, and is
 *    told by the browser to come from our own origin when the browser tells
 */
export interface RequestGuard {
  readonly origin: string;
  isOwnHost(request: IncomingMessage): boolean;
  isSignedIn(request: IncomingMessage): boolean;
  /** For /engine and /host over HTTP. */
  isOwnScript(request: IncomingMessage): boolean;
  /** For WebSockets, which always carry an Origin and can carry no header of ours. */
  isOwnSocket(request: IncomingMessage): boolean;
  cookie(secret: string): string;
}

export function createRequestGuard(host: string, port: number, sessions: WebSessions): RequestGuard {
  const authority = `${host}:${port}`;
  const origin = `http://${authority}`;
  // Cookies do not know ports: the name keeps two gateways of one machine apart.
  const cookieName = `wharf_${port}`;
  const ownOrigin = (request: IncomingMessage) => request.headers.origin === origin;
  return {
    origin,
    isOwnHost: (request) => request.headers.host === authority,
    isSignedIn(request) {
      const secret = readCookie(request.headers.cookie, cookieName);
      return secret !== undefined && sessions.has(secret);
    },
    isOwnScript(request) {
      if (request.headers[gatewayHeader] !== '1') return false;
      const site = request.headers['sec-fetch-site'];
      if (site !== undefined && site !== 'same-origin') return false;
      const reads = request.method === 'GET' || request.method === 'HEAD';
      return ownOrigin(request) || (reads && request.headers.origin === undefined);
    },
    isOwnSocket: ownOrigin,
    cookie: (secret) => `${cookieName}=${secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${30 * 24 * 3600}`,
  };
}

function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
