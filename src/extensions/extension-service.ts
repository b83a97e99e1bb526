import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { EngineClient } from '../client/engine-client.ts';
import type { HostInput, HostOutput } from '../contract/host-api.ts';
import type {
  AuditEntry,
  ExecResult,
  ExtensionExec,
  ExtensionInfo,
  PackagePreview,
  Permissions,
  ServiceRequest,
  ServiceResponse,
} from '../contract/host-schemas.ts';
import type { ServiceSpec } from './compose-file.ts';
import { ExtensionCalls, type ExtensionCallsOptions } from './extension-calls.ts';
import { ExtensionContainers, extensionLabel } from './extension-containers.ts';
import type { HostPlatform } from './extension-manifest.ts';
import { type ExtensionPackage, readExtensionPackage } from './extension-package.ts';
import { requireGranted } from './extension-permissions.ts';
import { type ExtensionRecord, ExtensionStore, type StoredService } from './extension-store.ts';
import { type ImageFiles, openImageFiles } from './image-files.ts';
import { pullPackageImage } from './package-image.ts';
import type { PackageJob } from './package-jobs.ts';

export interface ExtensionServiceOptions extends Omit<ExtensionCallsOptions, 'store' | 'containers'> {
  readonly engine: EngineClient;
  readonly home: string;
  readonly platform: HostPlatform;
  /** Path of the engine's socket on its own machine. */
  readonly engineSocket: string | undefined;
  /** Origin that serves an extension's page; see host/extension-ui-server.ts. */
  readonly uiOrigin: (name: string) => Promise<string>;
}

/** Installs, upgrades, removes and serves extensions: Docker's extension contract with permissions shown and enforced. */
export class ExtensionService {
  readonly #options: ExtensionServiceOptions;
  readonly #store: ExtensionStore;
  readonly #containers: ExtensionContainers;
  readonly #calls: ExtensionCalls;

  constructor(options: ExtensionServiceOptions) {
    this.#options = options;
    this.#store = new ExtensionStore(options.home);
    this.#containers = new ExtensionContainers(options.engine, options.engineSocket, options.home);
    this.#calls = new ExtensionCalls({ ...options, store: this.#store, containers: this.#containers });
  }

  get store(): ExtensionStore {
    return this.#store;
  }

  async list(): Promise<ExtensionInfo[]> {
    const records = await this.#store.list();
    return await Promise.all(records.map((record) => this.#info(record)));
  }

  async preview(image: string, job: PackageJob): Promise<PackagePreview> {
    return await this.#withPackage(image, job, async (found) => {
      const installed = await this.#store.find(found.name);
      const { name, title, description, vendor, icon, permissions } = found;
      const { reference, version } = found.image;
      const installedVersion = installed?.version ?? null;
      return {
        kind: 'extension',
        name,
        image: reference,
        version,
        title,
        description,
        vendor,
        icon,
        permissions,
        installedVersion,
      };
    });
  }

  /** Installs, or upgrades what is there: its volumes and its page's storage stay. On failure the old one is back. */
  async install(image: string, granted: Permissions, job: PackageJob): Promise<ExtensionInfo> {
    return await this.#withPackage(image, job, async (found, files) => {
      requireGranted(found.permissions, granted);
      const old = await this.#store.find(found.name);
      const staged = await this.#store.stage();
      const record = newRecord(found);
      try {
        job.progress('copying', `Copying the files of ${found.title}`);
        await copyFiles(found, files, staged);
        const { undo, forgetOld } = await this.#replace(old, staged, record);
        try {
          job.progress('starting', `Starting ${found.title}`);
          await this.#containers.up(record, job.signal);
        } catch (error) {
          await undo();
          if (old !== undefined) await this.#containers.up(old, AbortSignal.timeout(60_000));
          throw error;
        }
        await forgetOld();
      } finally {
        await rm(staged, { recursive: true, force: true });
      }
      this.#options.emit('extensions.changed', { name: record.name });
      return await this.#info(record);
    });
  }

  async uninstall(name: string, removeData: boolean): Promise<void> {
    const record = await this.#store.get(name);
    this.#calls.killAllOf(name);
    await this.#containers.down(name);
    if (removeData) await this.#containers.removeData(record);
    await this.#store.remove(name);
    this.#options.emit('extensions.changed', { name });
  }

  async uiUrl(name: string): Promise<HostOutput<'extensions.uiUrl'>> {
    const record = await this.#store.get(name);
    await this.#containers.ensureRunning(name);
    const origin = await this.#options.uiOrigin(name);
    // Same-origin is its own origin, which is never the app's: without it the page would have no storage.
    const sandbox = 'allow-scripts allow-same-origin allow-forms allow-modals allow-downloads';
    return { url: `${origin}/${record.ui?.src ?? 'index.html'}`, origin, sandbox };
  }

  exec(input: ExtensionExec): Promise<ExecResult> {
    return this.#calls.exec(input);
  }

  execStream(input: ExtensionExec, execId: string, caller: string): Promise<void> {
    return this.#calls.execStream(input, execId, caller);
  }

  execKill(execId: string): void {
    this.#calls.execKill(execId);
  }

  request(request: ServiceRequest): Promise<ServiceResponse> {
    return this.#calls.request(request);
  }

  docker(name: string, operation: 'listContainers' | 'listImages', query: HostInput<'extensions.docker'>['query']) {
    return this.#calls.docker(name, operation, query);
  }

  async audit(name: string): Promise<AuditEntry[]> {
    await this.#store.get(name);
    return await this.#store.readAudit(name, 500);
  }

  async #replace(old: ExtensionRecord | undefined, staged: string, record: ExtensionRecord) {
    if (old !== undefined) {
      this.#calls.killAllOf(old.name);
      await this.#containers.down(old.name);
    }
    return await this.#store.commit(staged, record);
  }

  async #withPackage<T>(
    image: string,
    job: PackageJob,
    work: (found: ExtensionPackage, files: ImageFiles) => Promise<T>,
  ): Promise<T> {
    const { engine, platform } = this.#options;
    const pulled = await pullPackageImage(engine, image, job);
    await using files = await openImageFiles(engine, pulled.reference, { [extensionLabel]: 'reading' }, job.signal);
    return await work(await readExtensionPackage(pulled, files, platform), files);
  }

  async #info(record: ExtensionRecord): Promise<ExtensionInfo> {
    const { name, image, version, title, description, vendor, icon, granted, ui, socket, installedAtMs } = record;
    // The list is shown while the engine is off, too; then there are no containers to name.
    const containers = record.services.length === 0 ? [] : await this.#containers.list(name).catch(() => []);
    return {
      ...{ name, image, version, title, description, vendor, icon, installedAtMs },
      permissions: granted,
      hasUi: ui !== null,
      uiTitle: ui?.title ?? title,
      hasService: socket !== null,
      containers: containers.map(({ id, service }) => ({ id, service })),
    };
  }
}

async function copyFiles(found: ExtensionPackage, files: ImageFiles, staged: string): Promise<void> {
  const { ui, hostBinaries } = found.manifest;
  if (ui !== undefined) {
    const root = path.posix.resolve('/', ui.root);
    const target = path.join(staged, 'ui-archive');
    await files.copyTo(root, target);
    // The archive holds the folder itself under its own name.
    await rename(path.join(target, path.posix.basename(root)), path.join(staged, 'ui'));
    await rm(target, { recursive: true, force: true });
  }
  for (const file of hostBinaries) await files.copyTo(path.posix.resolve('/', file), path.join(staged, 'bin'));
}

function newRecord(found: ExtensionPackage): ExtensionRecord {
  const { name, title, description, vendor, icon, manifest, image } = found;
  const ui = manifest.ui === undefined ? null : { title: manifest.ui.title, src: manifest.ui.src };
  return {
    ...{ name, title, description, vendor, icon, ui },
    image: image.reference,
    imageId: image.id,
    version: image.version,
    granted: found.permissions,
    socket: manifest.socket ?? null,
    services: found.services.map(storedService),
    installedAtMs: Date.now(),
  };
}

function storedService(service: ServiceSpec): StoredService {
  return {
    name: service.name,
    image: service.image,
    command: service.command === undefined ? null : [...service.command],
    entrypoint: service.entrypoint === undefined ? null : [...service.entrypoint],
    environment: [...service.environment],
    ports: service.ports.map((port) => ({ ...port, hostPort: port.hostPort ?? null })),
    mounts: service.mounts.map((mount) => ({ ...mount })),
    networkMode: service.networkMode ?? null,
    privileged: service.privileged,
    capAdd: [...service.capAdd],
    user: service.user ?? null,
    workingDir: service.workingDir ?? null,
  };
}
