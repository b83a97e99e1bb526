import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EngineClient } from '../client/engine-client.ts';
import { isWharfError } from '../contract/errors.ts';
import type { ContainerCreateRequest } from '../contract/types/containers.ts';
import { substitutePluginImage } from './extension-manifest.ts';
import { isEngineSocket } from './extension-permissions.ts';
import type { ExtensionRecord, StoredService } from './extension-store.ts';

export const extensionLabel = 'io.wharf.extension';
const serviceLabel = 'io.wharf.extension.service';

export interface ExtensionContainer {
  readonly id: string;
  readonly service: string;
  readonly running: boolean;
}

/** The containers of extensions: made from their services, found again by label. */
export class ExtensionContainers {
  readonly #engine: EngineClient;
  readonly #engineSocket: string | undefined;
  readonly #home: string;

  /** @param engineSocket path of the engine's socket on its machine, for extensions that were granted it */
  constructor(engine: EngineClient, engineSocket: string | undefined, home: string) {
    this.#engine = engine;
    this.#engineSocket = engineSocket;
    this.#home = home;
  }

  /** Folder on this machine that the backend sees as /run/guest-services. Socket paths hold at most 107 bytes. */
  guestFolder(name: string): string {
    const folder = path.join(this.#home, 'extensions', name, 'guest-services');
    if (folder.length <= 70) return folder;
    return path.join(tmpdir(), `wharf-guest-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  }

  async list(name: string): Promise<ExtensionContainer[]> {
    const found = await this.#engine.call('ContainerList', {
      query: { all: true, filters: { label: [`${extensionLabel}=${name}`] } },
    });
    return found.flatMap((container) => {
      const service = container.Labels[serviceLabel];
      return service === undefined ? [] : [{ id: container.Id, service, running: container.State === 'running' }];
    });
  }

  /** Creates and starts every service; on failure removes what it made. */
  async up(record: ExtensionRecord, signal: AbortSignal): Promise<void> {
    if (record.services.length === 0) return;
    await mkdir(this.guestFolder(record.name), { recursive: true, mode: 0o755 });
    const made: string[] = [];
    try {
      if (hasNetwork(record)) await this.#haveNetwork(record.name, signal);
      for (const service of record.services) {
        await this.#haveImage(service.image, signal);
        const { Id } = await this.#engine.call('ContainerCreate', {
          query: { name: `${record.name}-${service.name}` },
          body: this.#request(record, service),
          signal,
        });
        made.push(Id);
        await this.#engine.call('ContainerStart', { params: { id: Id }, signal });
      }
    } catch (error) {
      for (const id of made) await this.#remove(id);
      await this.#removeNetwork(record.name);
      throw error;
    }
  }

  async down(name: string): Promise<void> {
    for (const { id } of await this.list(name)) await this.#remove(id);
    await this.#removeNetwork(name);
  }

  /** Starts what has stopped, for example after the engine's machine was restarted. */
  async ensureRunning(name: string): Promise<void> {
    for (const container of await this.list(name)) {
      if (!container.running) await this.#engine.call('ContainerStart', { params: { id: container.id } });
    }
  }

  async removeData(record: ExtensionRecord): Promise<void> {
    const names = record.services.flatMap(({ mounts }) => mounts.filter(({ kind }) => kind === 'volume'));
    for (const source of new Set(names.map((mount) => mount.source))) {
      await this.#engine
        .call('VolumeDelete', { params: { name: volumeName(record.name, source) } })
        .catch(ignoreMissing);
    }
    await rm(this.guestFolder(record.name), { recursive: true, force: true });
  }

  async #remove(id: string): Promise<void> {
    await this.#engine
      .call('ContainerDelete', { params: { id }, query: { force: true, v: true } })
      .catch(ignoreMissing);
  }

  async #haveNetwork(name: string, signal: AbortSignal): Promise<void> {
    const body = { Name: networkName(name), Driver: 'bridge', Labels: { [extensionLabel]: name } };
    await this.#engine.call('NetworkCreate', { body, signal }).catch((error) => {
      if (!isWharfError(error) || error.status !== 409) throw error;
    });
  }

  async #removeNetwork(name: string): Promise<void> {
    await this.#engine.call('NetworkDelete', { params: { id: networkName(name) } }).catch(ignoreMissing);
  }

  async #haveImage(image: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#engine.call('ImageInspect', { params: { name: image }, signal });
      return;
    } catch (error) {
      if (!isWharfError(error) || error.status !== 404) throw error;
    }
    for await (const line of this.#engine.jsonStream('ImageCreate', { query: { fromImage: image }, signal })) {
      if (line.error !== undefined) throw new Error(line.error);
    }
  }

  #request(record: ExtensionRecord, service: StoredService): ContainerCreateRequest {
    const binds = service.mounts.map(({ kind, source, target, readOnly }) => {
      const engineSocket = isEngineSocket(source) ? this.#engineSocket : undefined;
      const from = kind === 'volume' ? volumeName(record.name, source) : (engineSocket ?? source);
      return `${from}:${target}${readOnly ? ':ro' : ''}`;
    });
    // Only the first service serves the page's requests (Docker's contract); it alone gets the folder.
    if (record.services[0] === service) binds.push(`${this.guestFolder(record.name)}:/run/guest-services`);
    const own = hasNetwork(record) && service.networkMode === null ? networkName(record.name) : undefined;
    const networkMode = service.networkMode ?? own;
    const ports = service.ports.map((port) => ({ ...port, key: `${port.containerPort}/${port.protocol}` }));
    return {
      Image: substitutePluginImage(service.image, record.image),
      ...(service.command === null ? {} : { Cmd: service.command }),
      ...(service.entrypoint === null ? {} : { Entrypoint: service.entrypoint }),
      ...(service.user === null ? {} : { User: service.user }),
      ...(service.workingDir === null ? {} : { WorkingDir: service.workingDir }),
      Env: [...service.environment, `DESKTOP_PLUGIN_IMAGE=${record.image}`],
      ExposedPorts: Object.fromEntries(ports.map(({ key }) => [key, {}])),
      Labels: { [extensionLabel]: record.name, [serviceLabel]: service.name },
      HostConfig: {
        Binds: binds,
        PortBindings: Object.fromEntries(
          ports.map(({ key, hostIp, hostPort }) => [key, [{ HostIp: hostIp, HostPort: String(hostPort ?? '') }]]),
        ),
        ...(networkMode === undefined ? {} : { NetworkMode: networkMode }),
        Privileged: service.privileged,
        CapAdd: service.capAdd,
        RestartPolicy: { Name: 'unless-stopped' },
      },
      ...(own === undefined ? {} : { NetworkingConfig: { EndpointsConfig: { [own]: { Aliases: [service.name] } } } }),
    };
  }
}

/** Several services find each other by name, as they do under Compose; one alone needs no network of its own. */
function hasNetwork(record: ExtensionRecord): boolean {
  return record.services.length > 1;
}

function networkName(extension: string): string {
  return `${extension}_default`;
}

/** Compose names a project's volumes after the project, so that two extensions never share one by accident. */
function volumeName(extension: string, source: string): string {
  return `${extension}_${source}`;
}

function ignoreMissing(error: unknown): void {
  if (!isWharfError(error) || error.status !== 404) throw error;
}
