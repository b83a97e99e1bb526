/**
 * Makes the starter images from Debian's packages into .wharf/starter (an OCI image layout). What is made already stays:
 * each layer is kept under a key of its recipe and its parents' recipes.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ImageStore, markDeletions, type StoredImage, type StoredLayer, writeFiles } from './image-store.ts';
import { busyboxRoot, debootstrap, installOver } from './overlay-root.ts';
import { mirror, type Recipe, recipes, suite } from './recipes.ts';

/** Raised when the way layers are made changes. */
const generation = 2;
const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;

const home = path.resolve(import.meta.dirname, '../../.wharf/starter');
const store = new ImageStore(home);
const work = path.join(home, 'work');

function byName(name: string): Recipe {
  const recipe = recipes.find((each) => each.name === name);
  if (!recipe) throw new Error(`no recipe is named ${name}`);
  return recipe;
}

/** What the layer depends on: its own recipe and all below it. */
function layerKey(recipe: Recipe): string {
  const below = recipe.from ? layerKey(byName(recipe.from)) : '';
  return createHash('sha256')
    .update(JSON.stringify([generation, suite, mirror, arch, recipe.layer, below]))
    .digest('hex')
    .slice(0, 24);
}

/** Unpacked roots are kept for recipes that others build on. */
const rootPath = (recipe: Recipe) => path.join(home, 'roots', layerKey(recipe));

/** A folder that becomes a root: everybody may look into it, unlike a temporary folder. */
async function freshRoot(prefix: string): Promise<string> {
  const dir = await mkdtemp(path.join(work, prefix));
  await chmod(dir, 0o755);
  return dir;
}

async function makeBase(recipe: Recipe): Promise<string> {
  const root = rootPath(recipe);
  if (existsSync(root)) return root;
  const fresh = await freshRoot('root-');
  if (recipe.layer.kind === 'busybox') await busyboxRoot(fresh, work);
  else await debootstrap(fresh);
  await mkdir(path.dirname(root), { recursive: true });
  await rename(fresh, root);
  return root;
}

async function makeFolder(recipe: Recipe): Promise<string> {
  const { layer } = recipe;
  if (layer.kind !== 'install') return makeBase(recipe);
  const files = layer.files ?? {};
  const folder =
    layer.packages.length === 0 && !layer.script
      ? await freshRoot('files-')
      : await installOver(await makeBase(byName(recipe.from ?? '')), work, {
          packages: layer.packages,
          script: layer.script ?? '',
          aptLists: path.join(home, 'apt/lists'),
          aptArchives: path.join(home, 'apt/archives'),
        });
  await writeFiles(folder, files);
  await markDeletions(folder);
  return folder;
}

async function layerOf(recipe: Recipe): Promise<StoredLayer> {
  const record = path.join(home, 'layers', `${layerKey(recipe)}.json`);
  if (existsSync(record)) {
    const layer: StoredLayer = JSON.parse(await readFile(record, 'utf8'));
    if (existsSync(store.blobPath(layer.digest))) return layer;
  }
  const started = Date.now();
  console.log(`  ${recipe.name}`);
  const layer = await store.putLayer(await makeFolder(recipe));
  await mkdir(path.dirname(record), { recursive: true });
  await writeFile(record, JSON.stringify(layer));
  console.log(
    `  ${recipe.name}: ${(layer.sizeBytes / 1e6).toFixed(1)} MB in ${((Date.now() - started) / 1000).toFixed(0)} s`,
  );
  return layer;
}

async function imageOf(recipe: Recipe): Promise<StoredImage> {
  const chain: Recipe[] = [];
  for (let each: Recipe | undefined = recipe; each; each = each.from ? byName(each.from) : undefined)
    chain.unshift(each);
  const layers: StoredLayer[] = [];
  for (const each of chain) layers.push(await layerOf(each));
  // A fixed time keeps the image's ID the same as long as its content is.
  const created = '2026-01-01T00:00:00Z';
  const config = {
    architecture: arch,
    os: 'linux',
    created,
    author: 'Wharf',
    config: { ...recipe.config, Labels: recipe.labels },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: chain.map((each) => ({ created, created_by: `wharf starter: ${describe(each)}` })),
  };
  const configBlob = await store.putBlob(Buffer.from(JSON.stringify(config)));
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configBlob },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: layer.digest,
      size: layer.sizeBytes,
    })),
  };
  const { digest } = await store.putBlob(Buffer.from(JSON.stringify(manifest)));
  return { name: recipe.name, tags: ['latest', ...recipe.tags], manifestDigest: digest };
}

function describe({ name, layer }: Recipe): string {
  if (layer.kind === 'debootstrap') return `debootstrap --variant=minbase ${suite}`;
  if (layer.kind === 'busybox') return 'busybox-static from Debian';
  return layer.packages.length > 0 ? `apt-get install ${layer.packages.join(' ')}` : `files of ${name}`;
}

if (process.getuid?.() !== 0) throw new Error('making root file systems needs root');
await rm(work, { recursive: true, force: true });
for (const dir of [work, path.join(home, 'apt/lists'), path.join(home, 'apt/archives')])
  await mkdir(dir, { recursive: true });
if (recipes.some((recipe) => !existsSync(path.join(home, 'layers', `${layerKey(recipe)}.json`)))) {
  console.log('› Making the starter images from Debian’s packages (once; a few minutes)');
}
try {
  const images: StoredImage[] = [];
  for (const recipe of recipes) images.push(await imageOf(recipe));
  await store.writeIndex(images);
  await rm(path.join(home, 'apt'), { recursive: true, force: true });
} finally {
  await rm(work, { recursive: true, force: true });
}
