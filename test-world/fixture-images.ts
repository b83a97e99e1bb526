/** Images made in code, small and each with one thing to show; their base is the starter busybox (`npm run setup`). */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { ImageStore } from '../resources/starter/image-store.ts';
import { tarOf } from '../src/daemon/snapshots/tar-fixture.ts';
import type { Descriptor } from '../src/oci/descriptor.ts';
import { sha256Digest } from '../src/oci/digest.ts';
import { parseManifest } from '../src/oci/manifest.ts';
import { mediaTypes } from '../src/oci/media-types.ts';
import { parseReference } from '../src/oci/reference.ts';
import { createRegistryClient } from '../src/registry/client/create-registry-client.ts';

export interface PackedLayer {
  readonly bytes: Buffer;
  readonly diffId: string;
}

export interface FixtureImage {
  readonly name: string;
  readonly tags: readonly string[];
  readonly layers: readonly PackedLayer[];
  readonly config: Readonly<Record<string, unknown>>;
}

const starter = path.resolve(import.meta.dirname, '../.wharf/starter');
const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function digestOf(bytes: Uint8Array) {
  return sha256Digest(createHash('sha256').update(bytes).digest('hex'));
}

export function packLayer(tar: Buffer): PackedLayer {
  return { bytes: gzipSync(tar, { level: 1 }), diffId: digestOf(tar) };
}

async function busyboxLayer(): Promise<PackedLayer> {
  const store = new ImageStore(starter);
  const image = (await store.readIndex()).find(({ name }) => name === 'library/busybox');
  if (image === undefined) throw new Error('there are no starter images yet: run `npm run setup`');
  const manifest = parseManifest(await readFile(store.blobPath(image.manifestDigest), 'utf8'));
  if (!('layers' in manifest)) throw new Error('the starter busybox is no image manifest');
  const config: { rootfs: { diff_ids: string[] } } = JSON.parse(
    await readFile(store.blobPath(manifest.config.digest), 'utf8'),
  );
  const [layer] = manifest.layers;
  const [diffId] = config.rootfs.diff_ids;
  if (layer === undefined || diffId === undefined) throw new Error('the starter busybox has no layer');
  return { bytes: await readFile(store.blobPath(layer.digest)), diffId };
}

/** Random bytes do not compress: what is said is what goes over the wire. */
function randomLayer(name: string, sizeBytes: number): PackedLayer {
  return packLayer(tarOf([{ name, content: randomBytes(sizeBytes) }]));
}

const text = (name: string, content: string) => packLayer(tarOf([{ name, content }]));

/**
 *   busybox:latest, :1.35     the static busybox with its links
 *   layered:1                 adds and removes files over three layers, has users, an entry point and a declared volume
 *   big:latest                24 MiB in three layers that do not compress
 *   hostile-dots, -link       layers that try to leave the root
 */
export async function fixtureImages(): Promise<readonly FixtureImage[]> {
  const base = await busyboxLayer();
  const plain = { Env: [searchPath], Cmd: ['sh'] };
  return [
    { name: 'library/busybox', tags: ['latest', '1.35'], layers: [base], config: plain },
    {
      name: 'library/layered',
      tags: ['1', 'latest'],
      layers: [
        base,
        packLayer(
          tarOf([
            { name: 'srv/' },
            { name: 'srv/kept', content: 'kept\n' },
            { name: 'srv/gone', content: 'gone\n' },
            { name: 'data/', mode: 0o750, uid: 33, gid: 33 },
            { name: 'data/first', content: 'from the image\n', uid: 33, gid: 33 },
          ]),
        ),
        packLayer(tarOf([{ name: 'srv/.wh.gone' }, { name: 'srv/added', content: 'added\n' }])),
      ],
      config: {
        Env: [searchPath, 'GREETING=hello'],
        Entrypoint: ['echo', 'entry'],
        Cmd: ['default'],
        User: 'www-data',
        WorkingDir: '/srv',
        Volumes: { '/data': {} },
        ExposedPorts: { '80/tcp': {} },
        Labels: { fixture: 'layered' },
      },
    },
    {
      name: 'library/big',
      tags: ['latest'],
      layers: [0, 1, 2].map((index) => randomLayer(`part${index}`, 8 * 1024 * 1024)),
      config: plain,
    },
    {
      name: 'library/hostile-dots',
      tags: ['latest'],
      layers: [base, text('../../../../../../../../tmp/wharf-hostile-dots', 'out\n')],
      config: plain,
    },
    {
      name: 'library/hostile-link',
      tags: ['latest'],
      layers: [
        base,
        packLayer(
          tarOf([
            { name: 'way-out', type: 'symlink', linkName: '../../../../../../tmp' },
            { name: 'way-out/wharf-hostile-link', content: 'out\n' },
          ]),
        ),
      ],
      config: plain,
    },
  ];
}

/** An image's documents as a registry holds them. */
export function imageDocuments(image: FixtureImage) {
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      created: '2025-01-02T03:04:05Z',
      config: image.config,
      rootfs: { type: 'layers', diff_ids: image.layers.map(({ diffId }) => diffId) },
      history: image.layers.map((_, at) => ({ created: '2025-01-02T03:04:05Z', created_by: `step ${at + 1}` })),
    }),
  );
  const blob = (mediaType: string, bytes: Buffer): { descriptor: Descriptor; bytes: Buffer } => ({
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
    bytes,
  });
  const blobs = [
    blob(mediaTypes.ociConfig, config),
    ...image.layers.map(({ bytes }) => blob(mediaTypes.ociLayerGzip, bytes)),
  ];
  const [first, ...layers] = blobs.map(({ descriptor }) => descriptor);
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: first, layers }),
  );
  return { blobs, manifest };
}

/** Pushes them all over HTTP, as any client would. */
export async function pushImages(host: string, images: readonly FixtureImage[]): Promise<void> {
  const client = createRegistryClient({ mirrors: [], fallbacks: [], insecureRegistries: [host], userAgent: 'tests' });
  const signal = AbortSignal.timeout(60_000);
  try {
    for (const image of images) {
      const { blobs, manifest } = imageDocuments(image);
      for (const tag of image.tags) {
        const reference = parseReference(`${host}/${image.name}:${tag}`);
        for (const { descriptor, bytes } of blobs)
          await client.pushBlob(reference, descriptor, () => Readable.from([bytes]), { signal });
        await client.pushManifest(reference, mediaTypes.ociManifest, manifest, { signal });
      }
    }
  } finally {
    client.close();
  }
}
