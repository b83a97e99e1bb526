/** What clients do to the image store while the engine is killed: every way in and out, each under names of the client's own. */
import { randomBytes } from 'node:crypto';
import { tarOf } from '../../src/daemon/snapshots/tar-fixture.ts';
import type { EngineWorld } from '../engine-world.ts';
import { digestOf, type FixtureImage, packLayer } from '../fixture-images.ts';
import type { Work, WorkScope } from './works.ts';

/** Of the works below. */
export const storeClients = 3;
const kib = 1024;

const smallFiles = tarOf(
  Array.from({ length: 300 }, (_, at) => ({ name: `d${at % 7}/f${at}`, content: `${at}`.repeat(50), mode: 0o640 })),
);
const large = [0, 1, 2].map((at) => tarOf([{ name: `large${at}`, content: randomBytes(2500 * kib), uid: at }]));
const deletes = tarOf([
  { name: 'd1/.wh.f1' },
  { name: 'd2/' },
  { name: 'd2/.wh..wh..opq' },
  { name: 'd2/new', content: 'x' },
]);

/** Three images that share layers, each with a tag for every client. */
export function storeImages(): readonly FixtureImage[] {
  const [first = smallFiles, second = smallFiles, third = smallFiles] = large;
  const stacks = [
    [smallFiles, first, deletes],
    [smallFiles, second, first],
    [third, smallFiles],
  ];
  const tags = Array.from({ length: storeClients }, (_, at) => `c${at}`);
  return stacks.map((stack, at) => ({
    name: `library/k${at}`,
    tags,
    layers: stack.map(packLayer),
    config: { Cmd: ['x'], Labels: { k: String(at) } },
  }));
}

/** As docker save wrote it before version 25: plain layers by path. */
function archiveOf(name: string): Buffer {
  const layers = [smallFiles, tarOf([{ name: 'only', content: randomBytes(900 * kib) }]), deletes];
  const config = {
    ...{ os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', created: '2025-01-02T03:04:05Z' },
    ...{ config: {}, rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } },
  };
  const files = layers.map((content, at) => ({ name: `${at}/layer.tar`, content }));
  const manifest = [{ Config: 'c.json', RepoTags: [name], Layers: files.map((file) => file.name) }];
  const document = (file: string, json: unknown) => ({ name: file, content: JSON.stringify(json) });
  return tarOf([document('c.json', config), ...files, document('manifest.json', manifest)]);
}

/** Containers that are never started, to commit. */
export async function makeBases({ engine, registryHost }: EngineWorld): Promise<void> {
  const image = `${registryHost}/library/k0:c0`;
  await drain(engine.jsonStream('ImageCreate', { query: { fromImage: image } }));
  await engine.call('ImageTag', { params: { name: image }, query: { repo: 'base' } });
  await engine.call('ImageDelete', { params: { name: image } });
  for (let client = 0; client < storeClients; client++) {
    const name = `base-${client}`;
    await engine.call('ContainerCreate', { query: { name }, body: { Image: 'base', Cmd: ['x'] } });
    const upload = streamOf(tarOf([{ name: 'changed', content: randomBytes(700 * kib) }]));
    await engine.call('PutContainerArchive', { params: { id: name }, query: { path: '/' }, upload });
  }
}

function streamOf(bytes: Buffer): ReadableStream<Uint8Array> {
  return new Blob([new Uint8Array(bytes)]).stream();
}

async function drain(stream: AsyncIterable<{ readonly error?: string }>): Promise<void> {
  for await (const message of stream) if (message.error !== undefined) throw new Error(message.error);
}

const remove = ({ world: { engine }, ledger }: WorkScope, image: string) =>
  ledger.request('image', image, 'gone', () => engine.call('ImageDelete', { params: { name: image } }));

async function pullOne({ world: { engine, registryHost }, ledger, client, random }: WorkScope): Promise<string> {
  const image = `${registryHost}/library/k${Math.floor(random() * 3)}:c${client}`;
  const query = { fromImage: image };
  await ledger.request('image', image, 'there', () => drain(engine.jsonStream('ImageCreate', { query })));
  return image;
}

async function pull(scope: WorkScope): Promise<void> {
  const image = await pullOne(scope);
  if (scope.random() < 0.7) await remove(scope, image);
}

async function push(scope: WorkScope): Promise<void> {
  const { world, client, name, finding } = scope;
  const { engine, registryHost } = world;
  const image = await pullOne(scope);
  const repository = `pushed/c${client}`;
  const target = { repo: `${registryHost}/${repository}`, tag: name };
  await engine.call('ImageTag', { params: { name: image }, query: target });
  await drain(engine.jsonStream('ImagePush', { params: { name: target.repo }, query: { tag: name } }));
  const answered = await fetch(`http://${registryHost}/v2/${repository}/manifests/${name}`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  const bytes = Buffer.from(await answered.arrayBuffer());
  if (answered.status !== 200 || digestOf(bytes) !== answered.headers.get('docker-content-digest'))
    finding(`push of ${repository}:${name} was answered, and the registry has ${answered.status}`);
  await engine.call('ImageDelete', { params: { name: `${target.repo}:${name}` } });
}

async function commit({ world: { engine }, ledger, client }: WorkScope): Promise<void> {
  const query = { container: `base-${client}`, repo: `committed-${client}`, pause: false };
  await ledger.request('image', `committed-${client}:latest`, 'there', () => engine.call('ImageCommit', { query }));
}

async function importRoot(scope: WorkScope): Promise<void> {
  const { world, ledger, client } = scope;
  const query = { fromSrc: '-', repo: `imported-${client}` };
  const upload = streamOf(large[client % large.length] ?? smallFiles);
  await ledger.request('image', `imported-${client}:latest`, 'there', () =>
    drain(world.engine.jsonStream('ImageCreate', { query, upload })),
  );
  if (scope.random() < 0.5) await remove(scope, `imported-${client}:latest`);
}

const archives = Array.from({ length: storeClients }, (_, at) => archiveOf(`loaded-${at}:latest`));

async function load(scope: WorkScope): Promise<void> {
  const { world, ledger, client } = scope;
  const upload = streamOf(archives[client] ?? Buffer.alloc(0));
  await ledger.request('image', `loaded-${client}:latest`, 'there', () =>
    drain(world.engine.jsonStream('ImageLoad', { query: { quiet: true }, upload })),
  );
  if (scope.random() < 0.7) await remove(scope, `loaded-${client}:latest`);
}

async function save({ world: { engine }, finding }: WorkScope): Promise<void> {
  const { body } = await engine.bytes('ImageGet', { params: { name: 'base' } });
  const bytes = Buffer.from(await new Response(body).arrayBuffer());
  if (!bytes.subarray(-1024).equals(Buffer.alloc(1024)))
    finding('save was answered to its end, and its archive is cut');
}

/** Those without a name: commits and imports that were followed by another. Collects. */
async function prune({ world: { engine } }: WorkScope): Promise<void> {
  await engine.call('ImagePrune', {});
}

export const storeWorks: readonly Work[] = [pull, pull, pull, pull, push, load, load, importRoot, commit, save, prune];
