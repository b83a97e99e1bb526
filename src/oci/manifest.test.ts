import { describe, expect, it } from 'vitest';
import { parseImageConfig, parseManifest } from './manifest.ts';
import { layerCompression, mediaTypes } from './media-types.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest, size: 3 };
const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { ...descriptor, mediaType: mediaTypes.ociConfig },
  layers: [descriptor],
};
const parse = (document: unknown, type?: string) => parseManifest(JSON.stringify(document), type);
const refuses = (document: unknown, message: RegExp, code = 'manifest.invalid', type?: string) =>
  expect(() => parse(document, type)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );

describe('parseManifest', () => {
  it('reads an image manifest', () => {
    expect(parse(manifest)).toMatchObject({ kind: 'manifest', layers: [descriptor] });
  });
  it('tells an index by its fields when no media type is said', () => {
    const index = {
      schemaVersion: 2,
      manifests: [{ ...descriptor, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
    };
    expect(parse(index, 'text/plain')).toMatchObject({ kind: 'index', mediaType: mediaTypes.ociIndex });
  });
  it('refuses what is both an index and an image', () => refuses({ ...manifest, manifests: [] }, /not both/));
  it('refuses a type other than the announced one', () =>
    refuses(manifest, /announced/, 'manifest.invalid', mediaTypes.dockerManifest));
  it('takes a version that was left out or is 0, as archives of other programs have it', () => {
    const { schemaVersion: _, ...rest } = manifest;
    for (const json of [rest, { ...rest, schemaVersion: 0 }]) expect(parse(json).kind).toBe('manifest');
  });
  it('refuses schema 1 by name', () => refuses({ schemaVersion: 1 }, /schema 1/, 'image.unsupported'));
  it('refuses unknown types', () => refuses({ ...manifest, mediaType: 'a/b' }, /unsupported/, 'image.unsupported'));
  it('refuses a negative, fractional or absurd size', () => {
    for (const size of [-1, 1.5, 1e20, '3'])
      refuses({ ...manifest, layers: [{ ...descriptor, size }] }, /layers\[0\]\.size/);
  });
  it('refuses a bad digest', () =>
    refuses({ ...manifest, layers: [{ ...descriptor, digest: 'sha256:../../x' }] }, /checksum/, 'digest.invalid'));
  it('refuses too many layers', () => refuses({ ...manifest, layers: Array(1025).fill(descriptor) }, /at most/));
  it('refuses HTML, lists and null', () => {
    expect(() => parseManifest('<html>')).toThrow(/valid JSON/);
    refuses([], /JSON object/);
    refuses(null, /JSON object/);
    refuses({ schemaVersion: 2, mediaType: mediaTypes.ociManifest }, /manifest.config/);
  });
});

describe('parseImageConfig', () => {
  const config = {
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: [digest] },
    config: { Labels: { a: 'b' } },
    history: [{ created_by: 'x', empty_layer: true }],
  };
  it('reads platform, layers, labels and history', () => {
    expect(parseImageConfig(JSON.stringify(config))).toMatchObject({
      platform: { os: 'linux', architecture: 'amd64' },
      diffIds: [digest],
      labels: { a: 'b' },
      history: [{ created_by: 'x', empty_layer: true }],
    });
  });
  it('reads null labels as none', () => {
    expect(parseImageConfig(JSON.stringify({ ...config, config: { Labels: null } })).labels).toEqual({});
  });
  it('refuses a root file system that is no list of layers', () => {
    expect(() => parseImageConfig(JSON.stringify({ ...config, rootfs: { type: 'x' } }))).toThrow(/rootfs/);
    expect(() => parseImageConfig(JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: ['x'] } }))).toThrow(
      /checksum/,
    );
  });
});

it.each([
  [mediaTypes.ociLayer, 'none'],
  [mediaTypes.ociLayerGzip, 'gzip'],
  [mediaTypes.ociLayerZstd, 'zstd'],
  [mediaTypes.dockerLayer, 'none'],
  [mediaTypes.dockerLayerGzip, 'gzip'],
  [mediaTypes.dockerForeignLayer, 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ['application/vnd.in-toto+json', undefined],
])('layer type %s is packed as %s', (type, expected) => {
  expect(layerCompression(type)).toBe(expected);
});
