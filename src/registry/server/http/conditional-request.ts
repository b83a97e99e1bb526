/** Conditions a request makes on what it already has. Source: RFC 9110, "Conditional Requests". */
import type { IncomingMessage } from 'node:http';

/** `If-None-Match`: the client holds this version already. Weak and strong tags are the same to it. */
export function holdsAlready(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  if (header === etag || header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** `If-Range`: a range counts only while the content is still the one the client has the rest of. */
export function rangeStillCounts(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-range'];
  return header === undefined || header === etag;
}
