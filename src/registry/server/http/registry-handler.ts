/** From a request to its handler, and from whatever that throws to the API's error. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessControl, Asked } from '../access/access-control.ts';
import type { AuditLog } from '../access/audit-log.ts';
import { tokenPath } from '../access/registry-tokens.ts';
import type { PullThroughCache } from '../cache/pull-through-cache.ts';
import type { RegistryLogger } from '../registry-logger.ts';
import type { Quotas } from '../upkeep/quotas.ts';
import { handleBlob } from './blob-handlers.ts';
import { handleCached } from './cache-handlers.ts';
import { answer, answerJson, type Exchange, type Stores, unsupported } from './exchange.ts';
import { handleCatalog, handleSearch, handleTags } from './list-handlers.ts';
import { handleManagement, type ManagedServer } from './management-handlers.ts';
import { askedOfManagement, type ManagementTarget, parseManagementTarget } from './management-target.ts';
import { handleManifest, handleReferrers } from './manifest-handlers.ts';
import { toRegistryError } from './registry-error.ts';
import type { RequestRate } from './request-rate.ts';
import { parseTarget, type RequestTarget } from './request-target.ts';
import type { ServerMetrics } from './server-metrics.ts';
import type { SiteFiles } from './site-files.ts';
import { handleUpload, handleUploads } from './upload-handlers.ts';

const maxDroppedBytes = 64 * 1024 * 1024;

export type RegistryRequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** All that stands around the stores; what is left out is not done. */
export interface HandlerSurroundings {
  readonly stores: Stores;
  readonly logger: RegistryLogger;
  readonly metrics: ServerMetrics;
  readonly access?: AccessControl;
  readonly audit?: AuditLog;
  readonly rate?: RequestRate;
  readonly maxBlobBytes?: number;
  /** The registry's own page. */
  readonly site?: SiteFiles;
  readonly quotas?: Quotas;
  readonly managed: ManagedServer;
  /** The cache a repository belongs to. */
  readonly cacheOf: (name: string) => PullThroughCache | undefined;
  readonly cacheMetrics: () => string;
  /** Throws when the storage can not be used. */
  readonly checkHealth: () => Promise<void>;
}

export function registryHandler(around: HandlerSurroundings): RegistryRequestHandler {
  const { logger, metrics, audit } = around;
  return (request, response) => {
    const startedMs = performance.now();
    const who = { user: '' };
    metrics.begun();
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    response.setHeader('x-content-type-options', 'nosniff');
    const { method = 'GET' } = request;
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const address = request.socket.remoteAddress ?? '';
    response.once('close', () => {
      const tookMs = performance.now() - startedMs;
      metrics.ended(method, response.statusCode, tookMs / 1000);
      logger.info(`${method} ${path} ${response.statusCode} ${Math.round(tookMs)} ms`);
      audit?.note({ user: who.user, address, method, path, status: response.statusCode });
    });
    serve(request, response, around, who).catch((error: unknown) => refuse(request, response, error, logger));
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  around: HandlerSurroundings,
  who: { user: string },
): Promise<void> {
  const { access, stores } = around;
  const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  if (path === '/healthz' && method === 'GET') {
    await around.checkHealth();
    return answer({ response }, 200, { 'content-type': 'application/json' }, '{"status":"ok"}');
  }
  around.rate?.take(request.socket.remoteAddress ?? '');
  const exchange: Exchange = {
    request,
    response,
    method,
    query: new URLSearchParams(search),
    stores,
    may: (repository, action) => access === undefined || access.may(who.user, repository, action),
    maxBlobBytes: around.maxBlobBytes ?? Number.POSITIVE_INFINITY,
    ...(around.quotas === undefined ? {} : { quotas: around.quotas }),
  };
  if (around.site?.serves(path) === true) return around.site.send(exchange, path);
  if (path === tokenPath && access !== undefined) {
    if (method !== 'GET') throw unsupported('GET, HEAD');
    return answerJson(exchange, await access.token(request.headers.authorization), { 'cache-control': 'no-store' });
  }
  if (path === '/metrics' && method === 'GET') {
    who.user = (await access?.check(request, { isPing: true, action: 'read' })) ?? '';
    return answer(
      exchange,
      200,
      { 'content-type': 'text/plain; version=0.0.4' },
      around.metrics.text() + around.cacheMetrics(),
    );
  }
  const { managed, target } = await targetOf(exchange, path, access);
  if (managed !== undefined) {
    who.user = (await access?.check(request, askedOfManagement(managed))) ?? '';
    return await handleManagement(exchange, around.managed, managed);
  }
  who.user = (await access?.check(request, askedBy(target, method))) ?? '';
  const cache = 'name' in target ? around.cacheOf(target.name) : undefined;
  if (cache === undefined) await dispatch(exchange, target);
  else await handleCached(exchange, cache, target);
}

type Targeted =
  | { readonly managed: ManagementTarget; readonly target?: undefined }
  | { readonly target: RequestTarget; readonly managed?: undefined };

/** Who may not come in learns nothing of which addresses there are. */
async function targetOf({ request }: Exchange, path: string, access: AccessControl | undefined): Promise<Targeted> {
  try {
    const managed = parseManagementTarget(path);
    return managed === undefined ? { target: parseTarget(path, request.method) } : { managed };
  } catch (error) {
    await access?.check(request, { isPing: false, action: 'read' });
    throw error;
  }
}

function askedBy(target: RequestTarget, method: string): Asked {
  const isUpload = target.kind === 'uploads' || target.kind === 'upload';
  const reads = method === 'GET' && !isUpload;
  const action = reads ? 'read' : method === 'DELETE' && !isUpload ? 'delete' : 'write';
  const repository = 'name' in target ? { repository: target.name } : {};
  return { isPing: target.kind === 'version', action, ...repository };
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

/** Node drops what nobody began to read; what a handler began and left, it would keep, and the connection with it. */
function dropRest(request: IncomingMessage): void {
  let droppedBytes = 0;
  request.on('data', (chunk: Buffer) => {
    droppedBytes += chunk.byteLength;
    if (droppedBytes > maxDroppedBytes) request.destroy();
  });
  request.resume();
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
  if (!request.complete && Number(request.headers['content-length']) > maxDroppedBytes) headers.connection = 'close';
  else dropRest(request);
  answer({ response }, error.status, headers, error.toJson());
}
