import { connect } from 'node:net';
import type { EngineClient } from '../client/engine-client.ts';
import { isWharfError, WharfError } from '../contract/errors.ts';
import type { PackagePreview, Permissions, PluginInfo } from '../contract/host-schemas.ts';
import type { ContainerSummary } from '../contract/types/containers.ts';
import { dataIcon } from './extension-package.ts';
import { requireGranted } from './extension-permissions.ts';
import { type PackageImage, packageNameOf, pullPackageImage } from './package-image.ts';
import type { PackageJob } from './package-jobs.ts';
import { type PluginSpec, parsePluginSpec } from './plugin-spec.ts';

const pluginLabel = 'io.wharf.plugin';
const imageLabel = 'io.wharf.plugin.image';
const versionLabel = 'io.wharf.plugin.version';

export interface PluginServiceOptions {
  readonly engine: EngineClient;
  /** Path of the engine's socket on its own machine, for plugins that were granted it. */
  readonly engineSocket: string | undefined;
  readonly changed: (name: string) => void;
}

/**
 * Plugins: tools with a web page of their own (Grafana, Adminer, …), each one container with its port published on
 * loopback only. All there is to know about one is in its container's labels; nothing is kept elsewhere.
 */
export class PluginService {
  readonly #options: PluginServiceOptions;

  constructor(options: PluginServiceOptions) {
    this.#options = options;
  }

  async list(): Promise<PluginInfo[]> {
    const found = await this.#options.engine.call('ContainerList', {
      query: { all: true, filters: { label: [pluginLabel] } },
    });
    return await Promise.all(found.map((container) => toInfo(container)));
  }

  async preview(image: string, job: PackageJob): Promise<PackagePreview> {
    const pulled = await pullPackageImage(this.#options.engine, image, job);
    const spec = parsePluginSpec(pulled.labels);
    const name = packageNameOf(pulled.reference);
    const installed = (await this.#find(name))?.Labels[versionLabel] ?? null;
    return { kind: 'plugin', ...described(name, pulled, spec), installedVersion: installed };
  }

  /** Creates and starts a plugin, or replaces the one there; its volumes stay. */
  async install(image: string, granted: Permissions, job: PackageJob): Promise<PluginInfo> {
    const { engine } = this.#options;
    const pulled = await pullPackageImage(engine, image, job);
    const spec = parsePluginSpec(pulled.labels);
    requireGranted(spec.permissions, granted);
    const name = packageNameOf(pulled.reference);
    const old = await this.#find(name);
    if (old !== undefined) await this.#remove(old.Id);
    job.progress('creating', `Creating ${name}`);
    const { Id } = await engine.call('ContainerCreate', {
      query: { name: `plugin-${name}` },
      body: this.#request(name, pulled, spec),
      signal: job.signal,
    });
    try {
      job.progress('starting', `Starting ${name}`);
      await engine.call('ContainerStart', { params: { id: Id }, signal: job.signal });
    } catch (error) {
      await this.#remove(Id);
      throw error;
    }
    this.#options.changed(name);
    return await this.#info(name);
  }

  async start(name: string): Promise<PluginInfo> {
    const { Id } = await this.#get(name);
    await this.#options.engine.call('ContainerStart', { params: { id: Id } });
    this.#options.changed(name);
    return await this.#info(name);
  }

  async stop(name: string): Promise<PluginInfo> {
    const { Id } = await this.#get(name);
    await this.#options.engine.call('ContainerStop', { params: { id: Id } });
    this.#options.changed(name);
    return await this.#info(name);
  }

  async uninstall(name: string, removeData: boolean): Promise<void> {
    const container = await this.#get(name);
    await this.#remove(container.Id);
    if (removeData) {
      for (const { Name, Type } of container.Mounts) {
        if (Type !== 'volume' || Name === undefined) continue;
        await this.#options.engine.call('VolumeDelete', { params: { name: Name } }).catch(ignoreMissing);
      }
    }
    this.#options.changed(name);
  }

  #request(name: string, image: PackageImage, spec: PluginSpec) {
    const port = `${spec.port}/tcp`;
    const { engineSocket } = this.#options;
    if (spec.wantsSocket && engineSocket === undefined) {
      throw new WharfError(
        'host.unsupported',
        `${name} needs the engine's socket, and this engine is reached over TCP`,
      );
    }
    return {
      Image: image.reference,
      Env: [...spec.environment],
      ExposedPorts: { [port]: {} },
      Labels: { [pluginLabel]: name, [imageLabel]: image.reference, [versionLabel]: image.version },
      HostConfig: {
        // Loopback only: a plugin's page is for the user of this machine, not for the network.
        PortBindings: { [port]: [{ HostIp: '127.0.0.1', HostPort: '' }] },
        Binds: [
          ...spec.volumes.map(({ volume, path }) => `${name}_${volume}:${path}`),
          ...(spec.wantsSocket ? [`${engineSocket}:/var/run/docker.sock`] : []),
        ],
        RestartPolicy: { Name: 'unless-stopped' },
      },
    };
  }

  async #info(name: string): Promise<PluginInfo> {
    return await toInfo(await this.#get(name));
  }

  async #get(name: string): Promise<ContainerSummary> {
    const found = await this.#find(name);
    if (found === undefined) throw new WharfError('plugin.not-found', `plugin ${name} is not installed`);
    return found;
  }

  async #find(name: string): Promise<ContainerSummary | undefined> {
    const found = await this.#options.engine.call('ContainerList', {
      query: { all: true, filters: { label: [`${pluginLabel}=${name}`] } },
    });
    return found[0];
  }

  async #remove(id: string): Promise<void> {
    await this.#options.engine
      .call('ContainerDelete', { params: { id }, query: { force: true, v: true } })
      .catch(ignoreMissing);
  }
}

function described(name: string, image: Pick<PackageImage, 'reference' | 'version' | 'labels'>, spec: PluginSpec) {
  const { labels } = image;
  return {
    name,
    image: image.reference,
    version: image.version,
    title: labels['org.opencontainers.image.title'] ?? name,
    description: labels['org.opencontainers.image.description'] ?? '',
    vendor: labels['org.opencontainers.image.vendor'] ?? '',
    icon: dataIcon(labels['io.wharf.icon']),
    permissions: spec.permissions,
  };
}

async function toInfo(container: ContainerSummary): Promise<PluginInfo> {
  const labels = container.Labels;
  const name = labels[pluginLabel] ?? '';
  const image = {
    reference: labels[imageLabel] ?? container.Image,
    version: labels[versionLabel] ?? 'unknown',
    labels,
  };
  const spec = parsePluginSpec(labels);
  const running = container.State === 'running';
  const published = container.Ports.find((port) => port.PrivatePort === spec.port && port.PublicPort !== undefined);
  const hostPort = running ? published?.PublicPort : undefined;
  return {
    ...described(name, image, spec),
    containerId: container.Id,
    state:
      hostPort === undefined ? (running ? 'starting' : 'stopped') : (await accepts(hostPort)) ? 'running' : 'starting',
    // Not 127.0.0.1: cookies do not know ports, and a plugin must not be sent the session of Wharf's own web host there.
    url: hostPort === undefined ? null : `http://localhost:${hostPort}${spec.path}`,
  };
}

/** Whether something accepts connections there yet. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 300 });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

function ignoreMissing(error: unknown): void {
  if (!isWharfError(error) || error.status !== 404) throw error;
}
