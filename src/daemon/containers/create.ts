import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type {
  ContainerConfig,
  ContainerCreateRequest,
  EndpointSettings,
  HostConfig,
} from '../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { LocalImage } from '../images/image-service.ts';
import type { ContainerContext } from './container-context.ts';
import { generateName, parseName } from './container-names.ts';
import { type ContainerRecord, containerDir, logPath, newId } from './container-record.ts';
import { initialState } from './container-state.ts';
import { nameTaken } from './container-store.ts';
import { withDefaults } from './host-config-defaults.ts';
import { mergeConfig } from './merge-config.ts';
import { type WantedMount, wantedMounts } from './resolve-mounts.ts';
import { sandboxRequest } from './sandbox-request.ts';
import { type HostFacts, validateConfig, validateHostConfig } from './validate-config.ts';
import { acquireVolumes, nameVolumes, releaseVolumes } from './volume-mounts.ts';

export interface CreateOptions {
  readonly name?: string;
  /** 'linux/amd64'; the image must be of it. */
  readonly platform?: string;
  readonly signal: AbortSignal;
}

/** POST /containers/create. Either the container is there in full afterwards, or nothing of it is. */
export async function createContainer(
  context: ContainerContext,
  request: ContainerCreateRequest,
  options: CreateOptions,
): Promise<{ readonly Id: string; readonly Warnings: readonly string[] }> {
  const image = findImage(context, request.Image ?? '', options.platform);
  const { record, wanted, warnings } = await planContainer(context, request, options.name, image).catch(
    (error: unknown) => {
      // To Docker's clients a 404 of a create means that the image is missing, and they go and pull it.
      if (isWharfError(error) && error.status === 404) {
        throw new WharfError(error.code, error.message, { hint: error.hint, cause: error, status: 400 });
      }
      throw error;
    },
  );
  context.store.insert(record, initialState());
  const handle = context.handle(record.id);
  // In the queue, so that a start that comes at once waits for the rest.
  await handle.queue.run(async () => {
    try {
      options.signal.throwIfAborted();
      // All are let come to their end, so that what one of them failed at can be undone.
      const parts = await Promise.allSettled([
        context.snapshots.prepare(record.id, record.topLayer, { discardable: record.hostConfig.AutoRemove === true }),
        makeFiles(context.dataRoot, record.id),
        acquireVolumes(context, record, wanted),
      ]);
      const failed = parts.find((part) => part.status === 'rejected');
      if (failed) throw failed.reason;
    } catch (error) {
      await undoCreate(context, record);
      throw error;
    }
  });
  context.announce(handle, 'create');
  return { Id: record.id, Warnings: warnings };
}

interface Plan {
  readonly record: ContainerRecord;
  readonly wanted: readonly WantedMount[];
  readonly warnings: readonly string[];
}

/** Everything that can be checked and decided before anything is made. */
async function planContainer(
  context: ContainerContext,
  request: ContainerCreateRequest,
  givenName: string | undefined,
  image: LocalImage,
): Promise<Plan> {
  const name = claimName(context, givenName);
  const { HostConfig: givenHostConfig, NetworkingConfig, ...wantedConfig } = request;
  validateConfig(wantedConfig);
  const { config, args } = mergeConfig(wantedConfig, image.config);
  const warnings = validateHostConfig(givenHostConfig ?? {}, wantedConfig, hostFacts(context));
  const hostConfig = resolveJoins(context, withDefaults(givenHostConfig ?? {}, runtimeFacts(context)));
  const wanted = wantedMounts(hostConfig, Object.keys(config.Volumes ?? {}), (ref) => context.find(ref).record.mounts);
  const record: ContainerRecord = {
    id: newId(),
    name,
    createdAtMs: context.clock.nowMs(),
    imageId: image.id,
    topLayer: image.topLayer,
    config: withStreams(config),
    hostConfig,
    args,
    mounts: nameVolumes(wanted),
    endpoints: wantedEndpoints(hostConfig.NetworkMode ?? 'bridge', NetworkingConfig?.EndpointsConfig ?? {}),
  };
  await checkBindSources(record);
  context.networks.validate(sandboxRequest(context, record, 'create'));
  return { record, wanted, warnings };
}

/** Its folder and the empty log, which clients may follow before the start. */
async function makeFiles(dataRoot: string, id: string): Promise<void> {
  await mkdir(containerDir(dataRoot, id), { recursive: true, mode: 0o710 });
  await writeFile(logPath(dataRoot, id), '', { mode: 0o640 });
}

/** Takes away all of a container that has never been started. */
export async function undoCreate(context: ContainerContext, record: ContainerRecord): Promise<void> {
  await context.snapshots.remove(record.id);
  await rm(containerDir(context.dataRoot, record.id), { recursive: true, force: true });
  await releaseVolumes(context, record, { removeAnonymous: true });
  context.store.delete(record.id);
  context.forget(record.id);
}

function claimName(context: ContainerContext, given: string | undefined): string {
  if (!given) return generateName((name) => context.store.idOfName(name) !== undefined);
  const name = parseName(given);
  const holder = context.store.idOfName(name);
  if (holder !== undefined) throw nameTaken(name, holder);
  return name;
}

function findImage(context: ContainerContext, reference: string, platform: string | undefined): LocalImage {
  if (reference === '') throw new WharfError('reference.invalid', 'invalid reference format');
  const image = context.images.get(reference);
  if (!platform) return image;
  const [os, architecture, variant] = platform.split('/');
  const { platform: has } = image;
  const fits =
    os === has.os && (!architecture || architecture === has.architecture) && (!variant || variant === has.variant);
  if (!fits) {
    throw new WharfError(
      'image.no-platform',
      `image with reference ${reference} was found but its platform (${has.os}/${has.architecture}) does not match the specified platform (${platform})`,
    );
  }
  return image;
}

function hostFacts(context: ContainerContext): HostFacts {
  const { name } = context.runtime.info;
  return {
    cpus: cpus().length,
    memoryBytes: totalmem(),
    runtimes: [name, 'runc', 'crun', 'io.containerd.runc.v2'],
  };
}

function runtimeFacts(context: ContainerContext) {
  const { name, cgroupVersion } = context.runtime.info;
  return { runtimeName: name, cgroupVersion };
}

/** `container:name` is stored with the full ID, so that a rename does not break it. */
function resolveJoins(context: ContainerContext, hostConfig: HostConfig): HostConfig {
  const resolve = (mode: string | undefined) =>
    mode?.startsWith('container:') ? `container:${context.store.resolve(mode.slice('container:'.length))}` : mode;
  return {
    ...hostConfig,
    NetworkMode: resolve(hostConfig.NetworkMode),
    IpcMode: resolve(hostConfig.IpcMode),
    PidMode: resolve(hostConfig.PidMode),
  };
}

/** The flags inspect always shows. */
function withStreams(config: ContainerConfig): ContainerConfig {
  return {
    ...config,
    AttachStdin: config.AttachStdin ?? false,
    AttachStdout: config.AttachStdout ?? false,
    AttachStderr: config.AttachStderr ?? false,
    Tty: config.Tty ?? false,
    OpenStdin: config.OpenStdin ?? false,
    StdinOnce: config.StdinOnce ?? false,
  };
}

function wantedEndpoints(
  networkMode: string,
  given: Readonly<Record<string, EndpointSettings | null>>,
): Readonly<Record<string, EndpointSettings>> {
  if (networkMode.startsWith('container:')) return {};
  const named = Object.entries(given).map(
    ([name, settings]) => [name === 'default' ? 'bridge' : name, settings ?? {}] as const,
  );
  return { [networkMode]: {}, ...Object.fromEntries(named) };
}

async function checkBindSources(record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.kind !== 'bind' || mount.createSource) continue;
    await stat(mount.source).catch((cause: unknown) => {
      throw new WharfError(
        'container.config-invalid',
        `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
        { cause, hint: 'Create it first, or use -v, which creates it.' },
      );
    });
  }
}
