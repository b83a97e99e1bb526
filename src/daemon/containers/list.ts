import type { ContainerSummary, EndpointSettings, Port } from '../../contract/engine-types.ts';
import { type ContainerContext, type ContainerHandle, endOf } from './container-context.ts';
import { namesByLink } from './container-links.ts';
import type { ListContainersQuery } from './container-service.ts';
import { isLive } from './container-state.ts';
import { asksForStopped, compileFilters, type FilterSubject, type FilterWorld } from './list-filters.ts';
import { mountPoints } from './mount-points.ts';
import { endpointsOf, idleEndpointsOf, portRows } from './network-view.ts';
import { containerSizes } from './sizes.ts';
import { apiStatus, statusText } from './state-text.ts';
import { mountpointsOf } from './volume-mounts.ts';

/** GET /containers/json, newest first. */
export async function listContainers(
  context: ContainerContext,
  query: ListContainersQuery,
  options: { readonly signal: AbortSignal },
): Promise<readonly ContainerSummary[]> {
  const test = compileFilters(query.filters, filterWorld(context));
  const limit = query.limit && query.limit > 0 ? query.limit : Number.POSITIVE_INFINITY;
  // A limit means the newest ones, running or not.
  const everything = query.all || Number.isFinite(limit) || asksForStopped(query.filters);
  const chosen: ContainerHandle[] = [];
  for (const handle of context.handles()) {
    if (chosen.length >= limit) break;
    if (!everything && !isLive(handle.state) && handle.state.kind !== 'restarting') continue;
    if (query.filters.size > 0 && !test(subjectOf(context, handle))) continue;
    chosen.push(handle);
  }
  const imageName = imageNamer(context);
  const linkNames = namesByLink(context.handles());
  return Promise.all(
    chosen.map(async (handle) => ({
      ...(await summaryOf(context, handle, imageName, linkNames.get(handle.id) ?? [])),
      ...(query.size ? await listedSizes(context, handle, options) : {}),
    })),
  );
}

/** As dockerd, which leaves a zero out here, but not in inspect. */
async function listedSizes(...args: Parameters<typeof containerSizes>) {
  const { SizeRw, SizeRootFs } = await containerSizes(...args);
  return { ...(SizeRw > 0 ? { SizeRw } : {}), ...(SizeRootFs > 0 ? { SizeRootFs } : {}) };
}

type ImageNamer = (reference: string, imageId: string) => string;

async function summaryOf(
  context: ContainerContext,
  handle: ContainerHandle,
  imageName: ImageNamer,
  linkNames: readonly string[],
): Promise<ContainerSummary> {
  const { record, state } = handle;
  const { config, hostConfig } = record;
  const sandbox = context.networks.sandbox(handle.id);
  const mountpoint = await mountpointsOf(context, record);
  return {
    Id: record.id,
    Names: [record.name, ...linkNames].map((name) => `/${name}`),
    Image: imageName(config.Image ?? '', record.imageId),
    ImageID: record.imageId,
    Command: commandText(record.args),
    Created: Math.floor(record.createdAtMs / 1000),
    Ports: portsOf(context, handle),
    Labels: config.Labels ?? {},
    State: apiStatus(state),
    Status: statusText(state, context.clock.nowMs(), handle.health?.status()),
    HostConfig: { NetworkMode: hostConfig.NetworkMode ?? '', Annotations: hostConfig.Annotations ?? undefined },
    NetworkSettings: { Networks: listedEndpoints(endpointsOf(record, sandbox, idleEndpointsOf(context, handle))) },
    Mounts: mountPoints(record.mounts, mountpoint),
  };
}

/** Where it is reached, without what it asked for: that dockerd shows in inspect only. */
function listedEndpoints(
  endpoints: Readonly<Record<string, EndpointSettings>>,
): Readonly<Record<string, EndpointSettings>> {
  const asked = { Links: null, Aliases: null, DriverOpts: null, DNSNames: null };
  return Object.fromEntries(Object.entries(endpoints).map(([name, endpoint]) => [name, { ...endpoint, ...asked }]));
}

/** Of one that runs, as dockerd: what it exposes, and where that is published. */
function portsOf({ networks }: ContainerContext, { id, record, state }: ContainerHandle): readonly Port[] {
  if (!isLive(state)) return [];
  return portRows(networks.sandbox(id)?.ports ?? {}, Object.keys(record.config.ExposedPorts ?? {}));
}

/** As Docker shows it: words with blanks in quotes. */
function commandText(args: readonly string[]): string {
  return args.map((arg) => (/\s/.test(arg) ? `'${arg}'` : arg)).join(' ');
}

/** The name it was created by, unless that name is of another image by now: then the image's ID. */
function imageNamer(context: ContainerContext): ImageNamer {
  const known = new Map<string, boolean>();
  return (reference, imageId) => {
    const key = `${reference} ${imageId}`;
    const isNamed = known.get(key) ?? isNameOf(context, reference, imageId);
    known.set(key, isNamed);
    return isNamed ? reference : imageId;
  };
}

function isNameOf(context: ContainerContext, reference: string, imageId: string): boolean {
  try {
    return context.images.isNamed(reference, imageId);
  } catch {
    // An ambiguous prefix names no image.
    return false;
  }
}

function subjectOf(context: ContainerContext, handle: ContainerHandle): FilterSubject {
  const { id, record, state } = handle;
  const { config } = record;
  const ports = portsOf(context, handle);
  const networks = Object.entries(endpointsOf(record, context.networks.sandbox(id), idleEndpointsOf(context, handle)));
  return {
    id,
    name: record.name,
    createdAtMs: record.createdAtMs,
    imageId: record.imageId,
    status: apiStatus(state),
    exitCode: state.kind === 'exited' || state.kind === 'dead' ? endOf(state)?.exitCode : undefined,
    health: handle.health?.status() ?? 'none',
    isTask: false,
    labels: config.Labels ?? {},
    volumes: record.mounts.flatMap((mount) =>
      mount.kind === 'volume' ? [mount.name, mount.destination] : [mount.destination],
    ),
    networks: networks.flatMap(([name, { NetworkID }]) => (NetworkID ? [name, NetworkID] : [name])),
    exposed: ports.map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`),
    published: ports.flatMap(({ PublicPort, Type }) => (PublicPort === undefined ? [] : [`${PublicPort}/${Type}`])),
  };
}

function findImageId(context: ContainerContext, reference: string): string | undefined {
  try {
    return context.images.find(reference)?.id;
  } catch {
    // An ambiguous prefix names no image.
    return undefined;
  }
}

function filterWorld(context: ContainerContext): FilterWorld {
  return {
    ancestor(name) {
      const id = findImageId(context, name);
      return new Set(id === undefined ? [] : [id, ...context.images.descendants(id)]);
    },
    createdAt: (ref) => context.find(ref).record.createdAtMs,
  };
}
