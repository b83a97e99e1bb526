/** Wharf's registry: the OCI distribution API over a storage driver. */
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import { AccessControl, type AccessRules } from './access-control.ts';
import { AuditLog } from './audit-log.ts';
import { BlobStore } from './blob-store.ts';
import { FilesystemDriver } from './filesystem-driver.ts';
import { type CollectedGarbage, collectGarbage } from './garbage-collection.ts';
import { ManifestStore } from './manifest-store.ts';
import { type RegistryRequestHandler, registryHandler } from './registry-handler.ts';
import { type RegistryLogger, silentLogger } from './registry-logger.ts';
import { RequestRate } from './request-rate.ts';
import { SearchIndex } from './search-index.ts';
import { ServerMetrics } from './server-metrics.ts';
import type { ServerSettings } from './server-settings.ts';
import type { StorageDriver } from './storage-driver.ts';
import { UploadStore } from './upload-store.ts';

export interface RegistryServerOptions {
  /** A folder, or another place to keep the bytes. */
  readonly root?: string;
  readonly driver?: StorageDriver;
  /** Without it everybody may pull and push: for loopback only. */
  readonly auth?: AccessRules;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly logger?: RegistryLogger;
  readonly settings?: ServerSettings;
}

export interface RegistryServer extends AsyncDisposable {
  /** For a server of one's own. */
  readonly handler: RegistryRequestHandler;
  /** @returns the base URL. Port 0 takes a free one. @throws WharfError 'port.in-use' | 'request.invalid' */
  listen(address: string, port: number): Promise<string>;
  /** Removes what nothing refers to, while it serves. Do not run it beside another process on the same folder. */
  collectGarbage(): Promise<CollectedGarbage>;
  /** Lets requests under way end for `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

/** A connection on which nothing moves is ended; an upload may otherwise take as long as it takes. */
const idleMs = 120_000;
const headersMs = 30_000;

/** @throws WharfError 'request.invalid' when the users file can not be read */
export async function createRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const driver = options.driver ?? (options.root === undefined ? undefined : new FilesystemDriver(options.root));
  if (driver === undefined)
    throw new WharfError('request.invalid', 'a registry needs a root folder or a storage driver');
  const logger = options.logger ?? silentLogger;
  const settings = options.settings ?? {};
  if (settings.access !== undefined && (options.auth === undefined || options.auth.anonymousRead))
    throw new WharfError('request.invalid', 'access rules need users, and tell themselves what is anonymous', {
      hint: 'Use --htpasswd without --anonymous-read, and the user "anonymous" in a rule.',
    });
  const rules = settings.access === undefined ? {} : { rules: settings.access };
  const access = options.auth === undefined ? undefined : new AccessControl({ ...options.auth, ...rules });
  await access?.load().catch((error: unknown) => {
    throw error instanceof WharfError
      ? error
      : new WharfError('request.invalid', `the users file can not be read: ${options.auth?.htpasswd}`, {
          cause: error,
        });
  });
  const blobs = new BlobStore(driver);
  const manifests = new ManifestStore(driver, blobs, { sparse: settings.sparse ?? false });
  const stores = {
    blobs,
    manifests,
    uploads: new UploadStore(driver, blobs),
    index: new SearchIndex(manifests, blobs),
  };
  const { auditLog, limits: bounds = {} } = settings;
  const audit =
    auditLog === undefined ? undefined : await AuditLog.open(auditLog, (error) => logger.error('audit log', error));
  const handler = registryHandler({
    stores,
    logger,
    metrics: new ServerMetrics(),
    checkHealth: async () => void (await driver.list('')),
    ...(access === undefined ? {} : { access }),
    ...(audit === undefined ? {} : { audit }),
    ...(bounds.requestsPerSecond === undefined ? {} : { rate: new RequestRate(bounds.requestsPerSecond) }),
    ...(bounds.blobBytes === undefined ? {} : { maxBlobBytes: bounds.blobBytes }),
  });
  const limits = { headersTimeout: headersMs, requestTimeout: 0, keepAliveTimeout: 60_000 };
  const server: Server =
    options.tls === undefined ? createServer(limits, handler) : createTlsServer({ ...limits, ...options.tls }, handler);
  server.setTimeout(idleMs);
  const collect = async (): Promise<CollectedGarbage> => await collectGarbage({ driver, ...stores });
  const collector = collectEvery(settings.collectEveryMinutes, collect, logger);
  const close = async (graceMs = 3_000): Promise<void> => {
    await closeServer(server, graceMs);
    await collector[Symbol.asyncDispose]();
    await audit?.[Symbol.asyncDispose]();
  };
  return {
    handler,
    listen: (address, port) => listen(server, address, port, options.tls === undefined ? 'http' : 'https'),
    collectGarbage: collect,
    close,
    [Symbol.asyncDispose]: () => close(0),
  };
}

/** Collects now and then; at its end it waits for a collection under way. */
function collectEvery(
  minutes: number | undefined,
  collect: () => Promise<CollectedGarbage>,
  logger: RegistryLogger,
): AsyncDisposable {
  let running: Promise<void> | undefined;
  const once = async (): Promise<void> => {
    try {
      const { blobs, bytes, uploads } = await collect();
      if (blobs + uploads > 0) logger.info(`collected ${blobs} blobs (${bytes} bytes) and ${uploads} uploads`);
    } catch (error) {
      logger.error('garbage was not collected', error);
    } finally {
      running = undefined;
    }
  };
  const timer = minutes === undefined ? undefined : setInterval(() => (running ??= once()), minutes * 60_000);
  timer?.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
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
