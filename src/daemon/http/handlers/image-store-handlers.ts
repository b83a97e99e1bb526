/** Wharf's own routes about the image store. */
import type { ManifestAnnotateRequest, ProgressMessage } from '../../../contract/engine-types.ts';
import type { imageStoreRoutes } from '../../../contract/routes/image-store.ts';
import type { RegistryAuth } from '../../../registry/client/registry-client.ts';
import type { EntryChanges } from '../../images/manifest-list.ts';
import type { DocumentOutput, HandlersFor } from '../handler.ts';
import type { EngineServices } from './engine-services.ts';
import { platformOf, registryConfig } from './request-values.ts';

export function imageStoreHandlers(services: EngineServices): HandlersFor<keyof typeof imageStoreRoutes> {
  return { ...manifestHandlers(services), ...verifyHandlers(services) };
}

type Header = (name: string) => string | undefined;

function manifestHandlers({ images, hostPlatform }: EngineServices) {
  const access = (header: Header, signal: AbortSignal) => ({
    authFor: signInsOf(header('x-registry-config')),
    signal,
  });
  return {
    ManifestLists: () => images.manifests.list(),
    ManifestInspect: ({ params, header, signal }) => images.manifests.inspect(params.name, access(header, signal)),
    ManifestCreate: async ({ params, body, header, signal }) => {
      const { Images = [], Amend = false, All = false, Platform } = body;
      const request = { images: Images, amend: Amend, all: All, platform: platformOf(Platform, hostPlatform) };
      return { Digest: await images.manifests.create(params.name, request, access(header, signal)) };
    },
    ManifestAdd: async ({ params, body, header, signal }) => {
      const request = { ...changesOf(body), all: body.All ?? false, platform: platformOf(body.Platform, hostPlatform) };
      return { Digest: await images.manifests.add(params.name, body.Image, request, access(header, signal)) };
    },
    ManifestAnnotate: async ({ params, body }) => ({
      Digest: await images.manifests.annotate(params.name, body.Image, changesOf(body)),
    }),
    ManifestRemove: async ({ params, body }) => ({ Digest: await images.manifests.remove(params.name, body.Image) }),
    ManifestPush: async ({ params, query, header, signal }, output) => {
      const onProgress = progressTo(output);
      const purge = query.purge ?? false;
      await images.manifests.push(params.name, query.destination, { ...access(header, signal), purge, onProgress });
    },
    ManifestDelete: ({ params }) => images.manifests.delete(params.name),
  } satisfies Partial<HandlersFor<keyof typeof imageStoreRoutes>>;
}

function changesOf(body: Omit<ManifestAnnotateRequest, 'Image'>): EntryChanges {
  return {
    os: body.Os,
    architecture: body.Architecture,
    variant: body.Variant,
    osVersion: body.OsVersion,
    osFeatures: body.OsFeatures,
    annotations: body.Annotations,
  };
}

/** Byte counts may be dropped for a slow reader. */
function progressTo(output: DocumentOutput<ProgressMessage>): (message: ProgressMessage) => void {
  return (message) => output.send(message, { lossy: message.progressDetail?.current !== undefined });
}

function verifyHandlers({ images }: EngineServices) {
  return {
    ImageVerify: async ({ query, header, signal }, output) => {
      const summary = await images.verify({
        names: query.names ?? [],
        repair: query.repair ?? false,
        blobsOnly: query['blobs-only'] ?? false,
        authFor: signInsOf(header('x-registry-config')),
        signal,
        onProgress: progressTo(output),
      });
      output.send({ aux: summary }, { lossy: false });
    },
  } satisfies Partial<HandlersFor<keyof typeof imageStoreRoutes>>;
}

/** By a registry's domain; Docker Hub's are kept under its old address. */
function signInsOf(header: string | undefined): (domain: string) => RegistryAuth | undefined {
  const config = registryConfig(header);
  return (domain) =>
    config.get(domain) ?? (domain === 'docker.io' ? config.get('https://index.docker.io/v1/') : undefined);
}
