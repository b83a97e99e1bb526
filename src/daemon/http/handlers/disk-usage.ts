/** `GET /system/df`: what takes space, by kind. */
import type { DiskUsage, Volume } from '../../../contract/engine-types.ts';
import { WharfError } from '../../../contract/errors.ts';
import type { EngineServices } from './engine-services.ts';

const kinds = ['container', 'image', 'volume', 'build-cache'] as const;
type Kind = (typeof kinds)[number];

/**
 * @param wanted empty for all kinds
 * @throws WharfError 'request.invalid' for an unknown kind
 */
export async function diskUsage(
  services: EngineServices,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<DiskUsage> {
  for (const kind of wanted) {
    if (!kinds.some((known) => known === kind)) {
      throw new WharfError('request.invalid', `unknown object type: ${kind}`, { hint: `One of ${kinds.join(', ')}.` });
    }
  }
  const has = (kind: Kind) => wanted.length === 0 || wanted.includes(kind);
  const { images, containers } = services;
  const everything = { all: true, filters: new Map<string, readonly string[]>() };
  return {
    ...(has('image') && {
      LayersSize: await images.layersSizeBytes(),
      Images: await images.list({ ...everything, all: false, sharedSize: true }),
    }),
    ...(has('container') && { Containers: await containers.list({ ...everything, size: true }, { signal }) }),
    ...(has('volume') && { Volumes: await volumesWithUsage(services, signal) }),
    ...(has('build-cache') && { BuildCache: [] }),
  };
}

async function volumesWithUsage({ volumes }: EngineServices, signal: AbortSignal): Promise<readonly Volume[]> {
  const { Volumes } = await volumes.list(new Map());
  const measured: Volume[] = [];
  // One after the other: each walks a folder, and the disk is the bottleneck.
  for (const volume of Volumes) {
    const Size = await volumes.usageBytes(volume.Name, { signal });
    measured.push({ ...volume, UsageData: { Size, RefCount: volumes.usersOf(volume.Name).length } });
  }
  return measured;
}
