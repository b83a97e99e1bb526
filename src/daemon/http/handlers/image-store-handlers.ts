/** Wharf's own routes about the image store. */
import type { imageStoreRoutes } from '../../../contract/routes/image-store.ts';
import type { RegistryAuth } from '../../../registry/client/registry-client.ts';
import type { HandlersFor } from '../handler.ts';
import type { EngineServices } from './engine-services.ts';
import { registryConfig } from './request-values.ts';

export function imageStoreHandlers({ images }: EngineServices): HandlersFor<keyof typeof imageStoreRoutes> {
  return {
    ImageVerify: async ({ query, header, signal }, output) => {
      const summary = await images.verify({
        names: query.names ?? [],
        repair: query.repair ?? false,
        blobsOnly: query['blobs-only'] ?? false,
        authFor: signInsOf(header('x-registry-config')),
        signal,
        onProgress: (message) => output.send(message, { lossy: message.progressDetail?.current !== undefined }),
      });
      output.send({ aux: summary }, { lossy: false });
    },
  };
}

/** By a registry's domain; Docker Hub's are kept under its old address. */
function signInsOf(header: string | undefined): (domain: string) => RegistryAuth | undefined {
  const config = registryConfig(header);
  return (domain) =>
    config.get(domain) ?? (domain === 'docker.io' ? config.get('https://index.docker.io/v1/') : undefined);
}
