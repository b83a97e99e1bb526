/** `GET /system/df`: what takes space, by kind. */
import type { DiskUsage } from '../../../contract/engine-types.ts';
import { WharfError } from '../../../contract/errors.ts';
import type { EngineServices } from './engine-services.ts';
import { withoutDescriptor } from './image-view.ts';

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
      Images: (await images.list({ ...everything, all: false, sharedSize: true })).map(withoutDescriptor),
    }),
    ...(has('container') && { Containers: await containers.list({ ...everything, size: true }, { signal }) }),
    ...(has('volume') && { Volumes: await services.volumes.usage({ signal }) }),
    ...(has('build-cache') && { BuildCache: [] }),
  };
}
