/** What a registry holds under a name: digest and platforms (docker manifest inspect, swarm's image pinning). */
import type { DistributionInspect } from '../../../contract/engine-types.ts';
import { WharfError } from '../../../contract/errors.ts';
import type { Reference } from '../../../oci/reference.ts';
import type { RegistryClient, RequestOptions } from '../../../registry/client/registry-client.ts';

/** The fields of manifests and indexes this looks at; everything else is passed over. */
interface ManifestLike {
  readonly manifests?: readonly { readonly platform?: PlatformLike }[];
  readonly config?: { readonly digest?: string; readonly size?: number; readonly mediaType?: string };
}
interface PlatformLike {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
}

const configMaxBytes = 8 * 1024 * 1024;

/** @throws WharfError as `RegistryClient.fetchManifest` */
export async function distributionInspect(
  registry: RegistryClient,
  reference: Reference,
  options: RequestOptions,
): Promise<DistributionInspect> {
  const { descriptor, bytes, endpoint } = await registry.fetchManifest(reference, options);
  const { mediaType, digest, size } = descriptor;
  const manifest = readJson<ManifestLike>(bytes);
  const listed = manifest.manifests?.flatMap(({ platform }) => platformEntry(platform));
  if (listed !== undefined) return { Descriptor: { mediaType, digest, size }, Platforms: listed };
  const { config } = manifest;
  if (config?.digest === undefined || (config.size ?? 0) > configMaxBytes) {
    return { Descriptor: { mediaType, digest, size }, Platforms: [] };
  }
  const wanted = { ...descriptor, ...config } as typeof descriptor;
  const parts: Buffer[] = [];
  for await (const part of await registry.fetchBlob(reference, wanted, { ...options, endpoint })) parts.push(part);
  const platforms = platformEntry(readJson<PlatformLike>(Buffer.concat(parts)));
  return { Descriptor: { mediaType, digest, size }, Platforms: platforms };
}

/** Attestations are listed with the platform unknown/unknown; they are no platform. */
function platformEntry(platform: PlatformLike | undefined): DistributionInspect['Platforms'] {
  const { os, architecture, variant } = platform ?? {};
  if (os === undefined || architecture === undefined || os === 'unknown') return [];
  return [{ os, architecture, ...(variant === undefined ? {} : { variant }) }];
}

/** The bytes' digest was verified; their shape is the image maker's. */
function readJson<T extends object>(bytes: Uint8Array): Partial<T> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Partial<T>) : {};
  } catch (cause) {
    throw new WharfError('manifest.invalid', 'the registry answered something that is no manifest', { cause });
  }
}
