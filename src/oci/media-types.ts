/** Media types of images, Docker's and OCI's. Source: OCI image spec, media-types.md; Docker image manifest v2 schema 2. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestV1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerManifestV1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

/** The manifests Wharf understands, in the order it asks for them. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

export function isImageConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

export type LayerCompression = 'none' | 'gzip' | 'zstd';

/**
 * How a layer is packed by its media type; undefined when it is no image layer. Docker writes zstd under its gzip type at
 * times, so unpackers look at the first bytes too.
 */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  const layer =
    /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1|docker\.image\.rootfs(?:\.foreign)?\.diff)\.tar(?:[.+](gzip|zstd))?$/;
  const match = layer.exec(mediaType);
  if (match === null) return undefined;
  return match[1] === 'gzip' ? 'gzip' : match[1] === 'zstd' ? 'zstd' : 'none';
}

/** Layers that may not be pushed to other registries (Windows base layers); they carry `urls` to fetch them from. */
export function isForeignLayer(mediaType: string): boolean {
  return mediaType === mediaTypes.dockerForeignLayer || mediaType.includes('.nondistributable.');
}
