/** Routes of images, of what registries say about them, and of builds. */

import type { ProgressMessage } from '../../../contract/engine-types.ts';
import { WharfError } from '../../../contract/errors.ts';
import type { imageRoutes } from '../../../contract/routes/images.ts';
import { parseReference } from '../../../oci/reference.ts';
import { compareVersions } from '../api-version.ts';
import type { DocumentOutput, HandlersFor } from '../handler.ts';
import { distributionInspect } from './distribution-inspect.ts';
import type { EngineServices } from './engine-services.ts';
import { imageOfVersion, withoutDescriptor } from './image-view.ts';
import { dockerSearch } from './registry-search.ts';
import { filterMap, joinReference, platformOf, platformsOf, registryAuth } from './request-values.ts';

type Operations = keyof typeof imageRoutes;

const isSince = (apiVersion: string, version: string): boolean => compareVersions(apiVersion, version) >= 0;

export function imageHandlers(services: EngineServices): HandlersFor<Operations> {
  return { ...local(services), ...transfers(services), ...archives(services), ...notYet(services) };
}

function local({ images, containers, hostPlatform }: EngineServices) {
  return {
    ImageList: async ({ query, apiVersion }) => {
      const filters = new Map(filterMap(query.filters));
      if (query.filter) filters.set('reference', [query.filter]);
      const sharedSize = query['shared-size'] ?? false;
      const manifests = query.manifests === true && isSince(apiVersion, '1.47');
      const found = await images.list({ all: query.all ?? false, filters, sharedSize, manifests });
      return manifests ? found : found.map(withoutDescriptor);
    },
    ImageInspect: async ({ params, query, apiVersion, header }) => {
      const platform = isSince(apiVersion, '1.49') ? platformOf(query.platform, hostPlatform) : undefined;
      const manifests = query.manifests === true && isSince(apiVersion, '1.48');
      if (manifests && platform !== undefined) {
        const message = 'conflicting options: manifests and platform options cannot both be set';
        throw new WharfError('request.invalid', message);
      }
      const found = await images.inspect(params.name, { platform, manifests });
      return imageOfVersion(found, apiVersion, header('user-agent') ?? '');
    },
    ImageHistory: ({ params, query, apiVersion }) => {
      const platform = isSince(apiVersion, '1.48') ? platformOf(query.platform, hostPlatform) : undefined;
      return images.history(params.name, { platform });
    },
    ImageTag: ({ params, query }) => images.tag(params.name, joinReference(query.repo ?? '', query.tag)),
    ImageDelete: ({ params, query, apiVersion }) => {
      const platforms = isSince(apiVersion, '1.50') ? platformsOf(query.platforms, hostPlatform) : [];
      return images.remove(params.name, { force: query.force ?? false, noPrune: query.noprune ?? false, platforms });
    },
    ImagePrune: ({ query }) => images.prune(filterMap(query.filters)),
    ImageCommit: ({ query, body, signal }) =>
      containers.commit({
        // Looked at after the body, as dockerd does.
        container: query.container ?? '',
        reference: query.repo ? joinReference(query.repo, query.tag) : undefined,
        comment: query.comment ?? '',
        author: query.author ?? '',
        pause: query.pause ?? true,
        changes: query.changes ?? [],
        config: body === undefined || Object.keys(body).length === 0 ? undefined : asRunConfig(body),
        signal,
      }),
  } satisfies Partial<HandlersFor<Operations>>;
}

/** The API writes null where an image's config has nothing. */
function asRunConfig(body: NonNullable<Parameters<HandlersFor<'ImageCommit'>['ImageCommit']>[0]['body']>) {
  const { ExposedPorts, Env, Shell, Healthcheck, ...rest } = body;
  return {
    ...rest,
    ExposedPorts: ExposedPorts ?? undefined,
    Env: Env ?? undefined,
    Shell: Shell ?? undefined,
    Healthcheck: Healthcheck ?? undefined,
  };
}

function archives({ images, hostPlatform }: EngineServices) {
  return {
    ImageGet: async ({ params, query, apiVersion, signal }) => {
      const platforms = isSince(apiVersion, '1.48') ? platformsOf(query.platform, hostPlatform) : [];
      return { headers: {}, body: await images.save([params.name], { platforms, signal }) };
    },
    ImageGetAll: async ({ query, apiVersion, signal }) => {
      const platforms = isSince(apiVersion, '1.48') ? platformsOf(query.platform, hostPlatform) : [];
      return { headers: {}, body: await images.save(query.names ?? [], { platforms, signal }) };
    },
    ImageLoad: async ({ query, apiVersion, upload, signal }, output) => {
      const platforms = isSince(apiVersion, '1.48') ? platformsOf(query.platform, hostPlatform) : [];
      if (platforms.length > 1) throw new WharfError('request.invalid', 'multiple platform parameters not supported');
      const [platform] = platforms;
      try {
        await images.load(upload, { quiet: query.quiet ?? false, platform, signal, onProgress: progressTo(output) });
      } finally {
        // As dockerd: what is wrong with the archive is told in the stream. But not before the end, for clients that want
        // no output hang up when the head is there, and take the images for loaded.
        output.flushHead();
      }
    },
  } satisfies Partial<HandlersFor<Operations>>;
}

/** @throws WharfError 'request.invalid' */
function importUrl(text: string): URL {
  // docker import takes a name without a scheme for http.
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new WharfError('request.invalid', `cannot import from ${JSON.stringify(text)}: expected an http or https URL`);
}

function transfers({ images, registry, hostPlatform }: EngineServices) {
  return {
    ImageCreate: async ({ query, header, upload, signal }, output) => {
      if (query.fromSrc) {
        await images.importRoot({
          source: query.fromSrc === '-' ? upload : importUrl(query.fromSrc),
          reference: query.repo ? joinReference(query.repo, query.tag) : undefined,
          message: query.message ?? '',
          changes: query.changes ?? [],
          platform: platformOf(query.platform, hostPlatform),
          signal,
          onProgress: progressTo(output),
        });
        return;
      }
      const reference = joinReference(query.fromImage ?? '', query.tag);
      if (reference === '') throw new WharfError('request.invalid', 'query parameter fromImage: is missing');
      await images.pull(reference, {
        platform: platformOf(query.platform, hostPlatform),
        allPlatforms: query['all-platforms'] ?? false,
        auth: registryAuth(header('x-registry-auth')),
        signal,
        onProgress: progressTo(output),
      });
    },
    ImagePush: async ({ params, query, apiVersion, header, signal }, output) => {
      await images.push(joinReference(params.name, query.tag), {
        // Older clients send one and mean nothing by it.
        platform: isSince(apiVersion, '1.46') ? platformOf(query.platform, hostPlatform) : undefined,
        auth: registryAuth(header('x-registry-auth')),
        signal,
        onProgress: progressTo(output),
      });
    },
    ImageSearch: ({ query, header, signal }) =>
      dockerSearch(registry, query, { auth: registryAuth(header('x-registry-auth')), signal }),
    DistributionInspect: ({ params, header, signal }) =>
      distributionInspect(registry, parseReference(params.name), {
        auth: registryAuth(header('x-registry-auth')),
        signal,
      }),
  } satisfies Partial<HandlersFor<Operations>>;
}

/** Byte counts may be dropped for a slow reader; lines that say what happened may not. */
function progressTo(output: DocumentOutput<ProgressMessage>): (message: ProgressMessage) => void {
  return (message) => output.send(message, { lossy: message.progressDetail?.current !== undefined });
}

function notYet(_services: EngineServices) {
  const refuse = (what: string) => async (): Promise<never> => {
    throw new WharfError('request.not-implemented', `${what} is not supported yet`);
  };
  return {
    ImageBuild: refuse('building images'),
    // There is no build cache, so there is nothing to remove: `docker system prune` asks this always.
    BuildPrune: () => ({ CachesDeleted: null, SpaceReclaimed: 0 }),
  } satisfies Partial<HandlersFor<Operations>>;
}
