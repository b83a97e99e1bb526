/** From a request to its handler, and from whatever that throws to the API's error. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessControl } from './access-control.ts';
import { handleBlob } from './blob-handlers.ts';
import { answer, answerJson, type Exchange, type Stores, unsupported } from './exchange.ts';
import { handleCatalog, handleSearch, handleTags } from './list-handlers.ts';
import { handleManifest, handleReferrers } from './manifest-handlers.ts';
import { toRegistryError } from './registry-error.ts';
import type { RegistryLogger } from './registry-logger.ts';
import { tokenPath } from './registry-tokens.ts';
import { parseTarget, type RequestTarget } from './request-target.ts';
import { handleUpload, handleUploads } from './upload-handlers.ts';

const maxDroppedBytes = 64 * 1024 * 1024;

export type RegistryRequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export function registryHandler(
  stores: Stores,
  access: AccessControl | undefined,
  logger: RegistryLogger,
): RegistryRequestHandler {
  return (request, response) => {
    const startedMs = performance.now();
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    response.setHeader('x-content-type-options', 'nosniff');
    const url = request.url ?? '/';
    response.once('close', () => {
      const path = url.split('?')[0];
      logger.info(`${request.method} ${path} ${response.statusCode} ${Math.round(performance.now() - startedMs)} ms`);
    });
    serve(request, response, stores, access).catch((error: unknown) => refuse(request, response, error, logger));
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  stores: Stores,
  access: AccessControl | undefined,
): Promise<void> {
  const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  const exchange: Exchange = { request, response, method, query: new URLSearchParams(search), stores };
  if (path === tokenPath && access !== undefined) {
    if (method !== 'GET') throw unsupported('GET, HEAD');
    return answerJson(exchange, await access.token(request.headers.authorization), { 'cache-control': 'no-store' });
  }
  await access?.check(request, path === '/v2/' || path === '/v2');
  await dispatch(exchange, parseTarget(path));
}

async function dispatch(exchange: Exchange, target: RequestTarget): Promise<void> {
  switch (target.kind) {
    case 'version':
      if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
      return answerJson(exchange, {});
    case 'catalog':
      return await handleCatalog(exchange);
    case 'search':
      return await handleSearch(exchange);
    case 'tags':
      return await handleTags(exchange, target.name);
    case 'referrers':
      return await handleReferrers(exchange, target.name, target.digest);
    case 'manifest':
    case 'tag':
      return await handleManifest(exchange, target.name, target);
    case 'blob':
      return await handleBlob(exchange, target.name, target.digest);
    case 'uploads':
      return await handleUploads(exchange, target.name);
    case 'upload':
      return await handleUpload(exchange, target.name, target.id);
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown, logger: RegistryLogger): void {
  const error = toRegistryError(thrown);
  // The client went away in the middle of its upload: there is nobody to tell.
  if (request.destroyed && !request.complete) return void response.destroy();
  if (error.code === 'UNKNOWN' || error.code === 'DISK_FULL')
    logger.error(`${request.method} ${request.url} failed`, error.cause);
  if (response.headersSent) return void response.destroy();
  const headers: Record<string, string> = { 'content-type': 'application/json', ...error.headers };
  // The rest of a refused body is read and dropped, so that the client sees the answer and not a broken pipe; but not for long.
  if (!request.complete && !(Number(request.headers['content-length']) <= maxDroppedBytes))
    headers.connection = 'close';
  // Node drops what nobody began to read; what a handler began and left, it would keep, and the connection with it.
  else request.resume();
  answer({ response }, error.status, headers, error.toJson());
}
