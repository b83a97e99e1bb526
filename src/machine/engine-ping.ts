import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { EngineEndpoint } from './engine-endpoint.ts';
import { formatEngineHost } from './engine-endpoint.ts';

/** What answered at an engine's address, if anything did. */
export type PingResult =
  | { readonly kind: 'healthy'; readonly version: string | null }
  /** Nothing listens: no socket file, or nobody behind it. */
  | { readonly kind: 'absent'; readonly reason: string }
  /** Something listens but does not answer as an engine does. */
  | { readonly kind: 'wrong'; readonly reason: string };

const absentCodes = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'EHOSTUNREACH', 'ENOTFOUND', 'ENETUNREACH'];

/** Asks `_ping` once. Never throws, except when `signal` is aborted by the caller. */
export async function pingEngine(endpoint: EngineEndpoint, limitMs: number, signal: AbortSignal): Promise<PingResult> {
  signal.throwIfAborted();
  const limit = AbortSignal.timeout(limitMs);
  try {
    const { status, text, headers } = await getText(endpoint, '/_ping', AbortSignal.any([signal, limit]));
    if (status !== 200 || text.trim() !== 'OK') {
      return { kind: 'wrong', reason: `${formatEngineHost(endpoint)} answered ${status}, not as an engine does` };
    }
    const server = headers.server;
    return { kind: 'healthy', version: typeof server === 'string' ? (/\/(\S+)/.exec(server)?.[1] ?? null) : null };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) {
      return { kind: 'wrong', reason: `${formatEngineHost(endpoint)} did not answer within ${limitMs} ms` };
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = error instanceof Error ? error.message : String(error);
    return absentCodes.includes(code) ? { kind: 'absent', reason } : { kind: 'wrong', reason };
  }
}

async function getText(endpoint: EngineEndpoint, path: string, signal: AbortSignal) {
  const options = await requestOptions(endpoint);
  const module = endpoint.kind === 'tcp' && endpoint.tls !== undefined ? https : http;
  return await new Promise<{ status: number; text: string; headers: http.IncomingHttpHeaders }>((resolve, reject) => {
    const request = module.request({ ...options, method: 'GET', path, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > 65536) response.destroy(new Error('the answer to _ping is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          headers: response.headers,
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

/** Options for node:http that reach this endpoint; connections are not kept. */
export async function requestOptions(endpoint: EngineEndpoint): Promise<https.RequestOptions> {
  if (endpoint.kind === 'unix') return { socketPath: endpoint.path, agent: false, headers: { host: 'wharf' } };
  const base = { host: endpoint.host, port: endpoint.port, agent: false as const };
  if (endpoint.tls === undefined) return base;
  const [ca, cert, key] = await Promise.all([
    readFile(endpoint.tls.ca),
    readFile(endpoint.tls.cert),
    readFile(endpoint.tls.key),
  ]);
  return { ...base, ca, cert, key };
}
