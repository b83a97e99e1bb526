import { mkdirSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type {
  ContainerConfig,
  ContainerCreateRequest,
  EndpointSettings,
  HostConfig,
} from '../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { parseNamed } from '../../oci/reference.ts';
import type { LocalImage } from '../images/image-service.ts';
import type { NetworkService } from '../networks/network-service.ts';
import { removeFolder } from '../snapshots/remove-small-tree.ts';
import type { ContainerContext } from './container-context.ts';
import { linkWarnings, resolveLink } from './container-links.ts';
import { generateName, parseName } from './container-names.ts';
import { type ContainerRecord, containerDir, logPath, newId } from './container-record.ts';
import { plainSettings } from './container-settings.ts';
import { initialState } from './container-state.ts';
import { nameTaken } from './container-store.ts';
import { type HostConfigDefaults, withDefaults } from './host-config-defaults.ts';
import { prepareImages } from './image-mounts.ts';
import { placeMacAddress } from './mac-address.ts';
import { mergeConfig } from './merge-config.ts';
import type { WantedMount } from './mount-specs.ts';
import { wantedMounts } from './resolve-mounts.ts';
import { sandboxRequest } from './sandbox-request.ts';
import { validateConfig } from './validate-config.ts';
import { type HostFacts, validateHostConfig } from './validate-host-config.ts';
import { acquireVolumes, nameMounts, populateVolumes, releaseVolumes } from './volume-mounts.ts';

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
  const { record, wanted, warnings } = await planContainer(context, request, options).catch((error: unknown) => {
    // To Docker's clients a 404 of a create means that the image is missing, and they go and pull it.
    if (isWharfError(error) && error.status === 404 && !error.code.startsWith('image.')) {
      throw new WharfError(error.code, error.message, { hint: error.hint, cause: error, status: 400 });
    }
    throw error;
  });
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
      ]);
      const failed = parts.find((part) => part.status === 'rejected');
      if (failed) throw failed.reason;
      await completeMounts(context, record, wanted, options.signal);
    } catch (error) {
      await undoCreate(context, record);
      throw error;
    }
  });
  context.announce(handle, 'create');
  return { Id: record.id, Warnings: warnings };
}

/** Volumes and mounted images: made, noted with what only their making tells, and filled. */
async function completeMounts(
  context: ContainerContext,
  record: ContainerRecord,
  wanted: readonly WantedMount[],
  signal: AbortSignal,
): Promise<void> {
  if (record.incomplete !== true) return;
  const mounts = await prepareImages(context, await acquireVolumes(context, record, wanted));
  const { incomplete: _, ...complete } = { ...record, mounts };
  await populateVolumes(context, complete, { signal });
  context.store.setRecord(complete);
}

interface Plan {
  readonly record: ContainerRecord;
  readonly wanted: readonly WantedMount[];
  readonly warnings: readonly string[];
}

/** Everything that can be checked and decided before anything is made, in dockerd's order: its settings, then the image. */
async function planContainer(
  context: ContainerContext,
  request: ContainerCreateRequest,
  { name: givenName, platform, signal }: CreateOptions,
): Promise<Plan> {
  const { HostConfig: givenHostConfig, NetworkingConfig, ...wantedConfig } = request;
  const endpoints = NetworkingConfig?.EndpointsConfig ?? {};
  const given = givenHostConfig ?? {};
  validateConfig(wantedConfig);
  const checked = validateHostConfig(given, wantedConfig, hostFacts(context));
  const { warnings: macWarnings, ...mac } = placeMacAddress(wantedConfig, given.NetworkMode ?? '', endpoints);
  const image = await findImage(context, request.Image ?? '', platform, signal);
  await context.admitImage?.(request.Image ?? '', image);
  const { config, args } = mergeConfig(mac.config, image.config);
  const hostConfig = resolveJoins(context, withDefaults(checked.hostConfig, hostConfigDefaults(context)));
  const inherited = (ref: string) => context.find(ref).record.mounts;
  const wanted = wantedMounts(hostConfig, Object.keys(config.Volumes ?? {}), inherited, context.dataRoot);
  const id = newId();
  const mounts = nameMounts(context, id, wanted);
  for (const mount of mounts)
    if (mount.kind === 'image') await context.admitImage?.(mount.reference, context.images.get(mount.reference));
  const record: ContainerRecord = {
    id,
    name: claimName(context, givenName),
    createdAtMs: context.clock.nowMs(),
    imageId: image.id,
    topLayer: image.topLayer,
    config: withStreams(config),
    hostConfig,
    args,
    mounts,
    ...(mounts.some(({ kind }) => kind === 'volume' || kind === 'image') ? { incomplete: true } : {}),
    endpoints: config.NetworkDisabled
      ? {}
      : wantedEndpoints(context, hostConfig.NetworkMode ?? 'bridge', mac.endpoints),
  };
  await checkBindSources(record);
  checkNetworks(context, record);
  const imageWarnings = wanted.flatMap(({ kind }) =>
    kind === 'image' ? ['Image mount is an experimental feature'] : [],
  );
  return {
    record,
    wanted,
    warnings: [...macWarnings, ...imageWarnings, ...linkWarnings(context.networks, hostConfig), ...checked.warnings],
  };
}

/** A network that is not there is the start's trouble, as with dockerd: it may be made until then. */
function checkNetworks(context: ContainerContext, record: ContainerRecord): void {
  try {
    context.networks.validate(sandboxRequest(context, record, 'create'));
  } catch (error) {
    if (!isWharfError(error, 'network.not-found')) throw error;
  }
}

/** Its folder and the empty log, which clients may follow before the start. */
async function makeFiles(dataRoot: string, id: string): Promise<void> {
  mkdirSync(containerDir(dataRoot, id), { recursive: true, mode: 0o710 });
  writeFileSync(logPath(dataRoot, id), '', { mode: 0o640 });
}

/** Takes away all of a container that has never been started. */
export async function undoCreate(context: ContainerContext, record: ContainerRecord): Promise<void> {
  await context.snapshots.remove(record.id);
  await removeFolder(containerDir(context.dataRoot, record.id));
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

async function findImage(
  context: ContainerContext,
  reference: string,
  platform: string | undefined,
  signal: AbortSignal,
): Promise<LocalImage> {
  if (reference === '') throw new WharfError('reference.invalid', 'invalid reference format');
  // What can't be a name is said to be none, so that no client tries to pull it.
  if (!/^(sha256:)?[0-9a-f]+$/.test(reference)) parseNamed(reference);
  const image = context.images.get(reference);
  if (!platform) return image;
  const [os, architecture, variant] = platform.split('/');
  const { platform: has } = image;
  const fits =
    os === has.os && (!architecture || architecture === has.architecture) && (!variant || variant === has.variant);
  if (!fits) {
    // Of an image held with several platforms another one may be meant.
    const other = architecture ? await heldPlatform(context, reference, platform, signal) : undefined;
    if (other !== undefined) return other;
    throw new WharfError(
      'image.no-platform',
      `image with reference ${reference} was found but its platform (${has.os}/${has.architecture}) does not match the specified platform (${platform})`,
    );
  }
  return image;
}

async function heldPlatform(
  { images }: ContainerContext,
  reference: string,
  platform: string,
  signal: AbortSignal,
): Promise<LocalImage | undefined> {
  const wanted = parsePlatform(platform, { os: 'linux', architecture: '' });
  try {
    return await images.getPlatform(reference, wanted, { signal });
  } catch (error) {
    if (!isWharfError(error, 'image.no-platform')) throw error;
    return undefined;
  }
}

function hostFacts(context: ContainerContext): HostFacts {
  const { machine, defaults } = context;
  return {
    resources: machine.resources,
    capabilities: machine.capabilities,
    runtimes: [...(defaults.settings?.().runtimes ?? []), 'runc', 'crun', 'io.containerd.runc.v2'],
  };
}

function hostConfigDefaults({ runtime, machine, defaults }: ContainerContext): HostConfigDefaults {
  const { name, cgroupVersion } = runtime.info;
  const settings = defaults.settings?.() ?? plainSettings;
  return { runtimeName: name, cgroupVersion, oomKillDisable: machine.resources.oomKillDisable, settings };
}

/** `container:name` and links are stored with the full ID, so that a rename does not break them. */
function resolveJoins(context: ContainerContext, hostConfig: HostConfig): HostConfig {
  const resolve = (mode: string | undefined) =>
    mode?.startsWith('container:') ? `container:${context.store.resolve(mode.slice('container:'.length))}` : mode;
  return {
    ...hostConfig,
    NetworkMode: joinedNetworkMode(context, hostConfig.NetworkMode),
    IpcMode: resolve(hostConfig.IpcMode),
    PidMode: resolve(hostConfig.PidMode),
    Links: hostConfig.Links?.map((link) => resolveLink(context, link)) ?? null,
  };
}

/** Whom the network is joined to may come until the start. */
function joinedNetworkMode({ store }: ContainerContext, mode: string | undefined): string | undefined {
  if (!mode?.startsWith('container:')) return mode;
  const ref = mode.slice('container:'.length);
  try {
    return `container:${store.resolve(ref)}`;
  } catch (error) {
    if (isWharfError(error, 'container.not-found')) return mode;
    throw error;
  }
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
  { networks }: ContainerContext,
  networkMode: string,
  given: Readonly<Record<string, EndpointSettings | null>>,
): Readonly<Record<string, EndpointSettings>> {
  if (networkMode.startsWith('container:')) return {};
  const named = Object.entries(given).map(([key, settings]) => [networkName(networks, key), settings ?? {}] as const);
  // Named ones are all there are, as with dockerd; the main network is among them in every client's request.
  return named.length > 0 ? Object.fromEntries(named) : { [networkMode]: {} };
}

/** The name of a network that is there by a name or ID, else what was given: the network may come until the start. */
function networkName(networks: NetworkService, key: string): string {
  if (key === 'default') return 'bridge';
  try {
    return networks.inspect(key).Name;
  } catch (error) {
    if (isWharfError(error) && error.status === 404) return key;
    throw error;
  }
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
