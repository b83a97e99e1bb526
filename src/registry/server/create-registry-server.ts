/** Wharf's registry: the OCI distribution API over a storage driver. */
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import type { CollectionReport, RetentionReport, UserList } from '../../contract/registry-routes.ts';
import { AccessControl, type AccessRules } from './access/access-control.ts';
import { AuditLog } from './access/audit-log.ts';
import { Caches } from './cache/caches.ts';
import type { OpenUpstream } from './cache/upstream.ts';
import { BlobStore } from './content/blob-store.ts';
import { ContentFactsReader } from './content/content-facts.ts';
import { ContentGuard } from './content/content-guard.ts';
import { ManifestStore } from './content/manifest-store.ts';
import { namesWithContent, RepositoryUsage } from './content/repository-usage.ts';
import { SearchIndex } from './content/search-index.ts';
import { UploadStore } from './content/upload-store.ts';
import type { Stores } from './http/exchange.ts';
import { type RegistryRequestHandler, registryHandler } from './http/registry-handler.ts';
import { RequestRate } from './http/request-rate.ts';
import { ServerMetrics } from './http/server-metrics.ts';
import { SiteFiles } from './http/site-files.ts';
import { type RegistryLogger, silentLogger } from './registry-logger.ts';
import type { ServerSettings } from './server-settings.ts';
import { condemnedOn, openStorage } from './storage/open-storage.ts';
import type { StorageDriver } from './storage/storage-driver.ts';
import { StorageSpace } from './storage/storage-space.ts';
import { Maintenance } from './upkeep/maintenance.ts';
import { Quotas } from './upkeep/quotas.ts';

export interface RegistryServerOptions {
  /** A folder, or `s3://BUCKET/PREFIX`; see open-storage.ts. */
  readonly root?: string;
  readonly driver?: StorageDriver;
  /** Without it everybody may pull and push: for loopback only. */
  readonly auth?: AccessRules;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly logger?: RegistryLogger;
  readonly settings?: ServerSettings;
  /** Speaks to the registries that parts of this one are caches of. */
  readonly openUpstream?: OpenUpstream | undefined;
  /** Folder of the built page, which is then served at `/ui/`. */
  readonly siteFolder?: string;
}

export interface RegistryServer extends AsyncDisposable {
  /** For a server of one's own. */
  readonly handler: RegistryRequestHandler;
  /** @returns the base URL. Port 0 takes a free one. @throws WharfError 'port.in-use' | 'request.invalid' */
  listen(address: string, port: number): Promise<string>;
  /** Removes what nothing refers to, while it serves. Do not run it beside another process on the same folder. */
  collectGarbage(dryRun?: boolean): Promise<CollectionReport>;
  /** Removes what the settings' retention rules do not keep. */
  applyRetention(dryRun?: boolean): Promise<RetentionReport>;
  /** Lets requests under way end for `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

/** A connection on which nothing moves is ended; an upload may otherwise take as long as it takes. */
const idleMs = 120_000;
const headersMs = 30_000;
/** How late this server may see in its catalogue what another one on the same storage took. */
const sharedFreshMs = 10_000;

/** @throws WharfError 'request.invalid' when the users file can not be read */
export async function createRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const driver = options.driver ?? openStorage(options.root ?? '', options.settings?.storage);
  if (options.driver === undefined) await driver.check?.();
  const logger = options.logger ?? silentLogger;
  const settings = options.settings ?? {};
  const access = await openAccess(options);
  const stores = openStores(driver, settings);
  const { auditLog, limits: bounds = {} } = settings;
  const audit =
    auditLog === undefined ? undefined : await AuditLog.open(auditLog, (error) => logger.error('audit log', error));
  const { openUpstream } = options;
  const caches = await Caches.open(settings.caches ?? [], { driver, stores, logger, openUpstream });
  const isCache = (name: string): boolean => caches.of(name) !== undefined;
  const repositories = (): Promise<readonly string[]> => namesWithContent(driver);
  const withManifests = (): Promise<readonly string[]> => stores.manifests.repositories();
  const quotas =
    settings.quotas === undefined
      ? undefined
      : new Quotas(settings.quotas, { usage: stores.usage, isCache, repositories, withManifests });
  const space = new StorageSpace(driver);
  const rules = settings.retention?.rules ?? [];
  const collected = (): void => caches.collected();
  const maintenance = new Maintenance({ driver, stores, space, rules, quotas, audit, logger, isCache, collected });
  const site = options.siteFolder === undefined ? undefined : await SiteFiles.read(options.siteFolder);
  const handler = registryHandler({
    stores,
    logger,
    metrics: new ServerMetrics(),
    checkHealth: async () => void (await driver.list('')),
    managed: {
      space,
      quotas: async () => (await quotas?.report()) ?? [],
      caches: () => caches.report(),
      upstreamOf: (name) => caches.of(name)?.settings.upstream,
      users: () => userList(access),
      retain: (dryRun) => maintenance.retain(dryRun),
      collect: (dryRun) => maintenance.collect(dryRun),
    },
    cacheOf: (name) => caches.of(name),
    cacheMetrics: () => caches.metrics(),
    ...(quotas === undefined ? {} : { quotas }),
    ...(access === undefined ? {} : { access }),
    ...(site === undefined ? {} : { site }),
    ...(audit === undefined ? {} : { audit }),
    ...(bounds.requestsPerSecond === undefined ? {} : { rate: new RequestRate(bounds.requestsPerSecond) }),
    ...(bounds.blobBytes === undefined ? {} : { maxBlobBytes: bounds.blobBytes }),
  });
  const limits = { headersTimeout: headersMs, requestTimeout: 0, keepAliveTimeout: 60_000 };
  const server: Server =
    options.tls === undefined ? createServer(limits, handler) : createTlsServer({ ...limits, ...options.tls }, handler);
  server.setTimeout(idleMs);
  const close = async (graceMs = 3_000): Promise<void> => {
    await closeServer(server, graceMs);
    await caches[Symbol.asyncDispose]();
    await maintenance[Symbol.asyncDispose]();
    await audit?.[Symbol.asyncDispose]();
    // A driver that was given belongs to who gave it.
    if (options.driver === undefined) await driver.close?.();
  };
  return {
    handler,
    listen: async (address, port) => {
      const url = await listen(server, address, port, options.tls === undefined ? 'http' : 'https');
      const { collectEveryMinutes: collectMinutes, retention } = settings;
      maintenance.schedule({ collectMinutes, retainMinutes: retention?.everyMinutes });
      return url;
    },
    collectGarbage: (dryRun) => maintenance.collect(dryRun),
    applyRetention: (dryRun) => maintenance.retain(dryRun),
    close,
    [Symbol.asyncDispose]: () => close(0),
  };
}

/** @throws WharfError 'request.invalid' */
async function openAccess(options: RegistryServerOptions): Promise<AccessControl | undefined> {
  const settings = options.settings ?? {};
  if (settings.access !== undefined && (options.auth === undefined || options.auth.anonymousRead))
    throw new WharfError('request.invalid', 'access rules need users, and tell themselves what is anonymous', {
      hint: 'Use --htpasswd without --anonymous-read, and the user "anonymous" in a rule.',
    });
  const accessRules = settings.access === undefined ? {} : { rules: settings.access };
  const access = options.auth === undefined ? undefined : new AccessControl({ ...options.auth, ...accessRules });
  await access?.load().catch((error: unknown) => {
    throw error instanceof WharfError
      ? error
      : new WharfError('request.invalid', `the users file can not be read: ${options.auth?.htpasswd}`, {
          cause: error,
        });
  });
  return access;
}

async function userList(access: AccessControl | undefined): Promise<UserList> {
  return {
    signInNeeded: access !== undefined,
    anonymousRead: access?.isAnonymousRead ?? true,
    users: (await access?.userNames()) ?? [],
  };
}

function openStores(driver: StorageDriver, settings: ServerSettings): Stores {
  const blobs = new BlobStore(driver, new ContentGuard(), condemnedOn(driver));
  const manifests = new ManifestStore(driver, blobs, { sparse: settings.sparse ?? false });
  const facts = new ContentFactsReader(manifests, blobs);
  const index = new SearchIndex(manifests, facts, driver.shared === undefined ? undefined : sharedFreshMs);
  const usage = new RepositoryUsage(driver, manifests);
  return { blobs, manifests, uploads: new UploadStore(driver, blobs), index, facts, usage };
}

async function listen(server: Server, address: string, port: number, scheme: string): Promise<string> {
  const bound = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      const own = server.address();
      if (own === null || typeof own === 'string') reject(new TypeError('the registry listens on no port'));
      else resolve(own);
    });
  }).catch((error: unknown) => {
    throw listenFailure(error, address, port);
  });
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return `${scheme}://${host}:${bound.port}`;
}

function listenFailure(error: unknown, address: string, port: number): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const what = `listen on ${address}:${port}`;
  if (code === 'EADDRINUSE') return new WharfError('port.in-use', `${what}: address already in use`, { cause: error });
  if (code === 'EACCES') return new WharfError('request.invalid', `${what}: permission denied`, { cause: error });
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new WharfError('request.invalid', `${what}: this machine has no such address`, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
