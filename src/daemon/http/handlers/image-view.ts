/** What `image inspect` and the image list show of an image to a client of this API version. */
import type { ImageInspect } from '../../../contract/engine-types.ts';
import { compareVersions } from '../api-version.ts';

/** An empty container's config, which older versions gave beside the image's. */
const emptyContainerConfig = {
  ...{ Hostname: '', Domainname: '', User: '', AttachStdin: false, AttachStdout: false, AttachStderr: false },
  ...{ Tty: false, OpenStdin: false, StdinOnce: false, Env: null, Cmd: null, Image: '', Volumes: null },
  ...{ WorkingDir: '', Entrypoint: null, OnBuild: null, Labels: null },
};

/** Fields of the config that are there whatever the image says. */
const always = { Cmd: null, Entrypoint: null, Env: null, Labels: null, OnBuild: null, User: '', Volumes: null };
/** Fields that say nothing about an image, dropped with 1.50. */
const untilLately = {
  ...{ Hostname: '', Domainname: '', AttachStdin: false, AttachStdout: false, AttachStderr: false },
  ...{ Tty: false, OpenStdin: false, StdinOnce: false, Image: '' },
};

export function imageOfVersion(found: ImageInspect, apiVersion: string, userAgent: string) {
  // dockerd tells the descriptor only of images in containerd's store; with the manifests, it belongs to them.
  const { Descriptor, Manifests, ...image } = found;
  const older = (version: string) => compareVersions(apiVersion, version) < 0;
  const Config = { ...(older('1.50') ? untilLately : {}), ...always, WorkingDir: '', ...image.Config };
  return {
    ...image,
    Config,
    ...(Manifests === undefined ? {} : { Descriptor, Manifests }),
    ...(older('1.44') ? { VirtualSize: image.Size } : {}),
    ...oldConfig(Config, older('1.45'), userAgent),
  };
}

/** docker-compose 1.x fails without the second config when it makes a container anew, whatever version it speaks. */
function oldConfig(config: object, old: boolean, userAgent: string) {
  if (userAgent.startsWith('docker-compose/1.')) return { Container: '', ContainerConfig: config };
  return old ? { Container: '', ContainerConfig: emptyContainerConfig } : {};
}

/** Without what dockerd tells only of images in containerd's store. */
export function withoutDescriptor<T extends { readonly Descriptor?: unknown }>(summary: T): Omit<T, 'Descriptor'> {
  const { Descriptor: _, ...rest } = summary;
  return rest;
}
