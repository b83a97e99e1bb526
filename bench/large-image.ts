/**
 * The image that pulls, pushes and archives are measured with: about 256 MiB as gzip, 660 MiB unpacked, some 6,700 files in
 * three layers, and the same image with its small layer changed. Made once a run, of content that packs as programs do.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mediaTypes } from '../src/oci/media-types.ts';
import { digestOf, putBlob, putManifest } from './fill-registry.ts';

const mebibyte = 1024 ** 2;

interface LayerShape {
  readonly name: string;
  readonly files: number;
  readonly fileBytes: number;
}
const base: LayerShape = { name: 'base', files: 6400, fileBytes: 64 * 1024 };
const programs: LayerShape = { name: 'programs', files: 51, fileBytes: 5 * mebibyte };
const small: LayerShape = { name: 'small', files: 250, fileBytes: 24 * 1024 };
const changed: LayerShape = { name: 'changed', files: 250, fileBytes: 24 * 1024 };

interface Layer {
  readonly packed: Buffer;
  readonly digest: string;
  readonly diffId: string;
}

/** Names in the registry it was pushed to, without the host. */
export const largeImage = 'bench/large:1';
export const largeImageChanged = 'bench/large:2';

let made: { readonly first: readonly Layer[]; readonly second: readonly Layer[] } | undefined;

/** Layers of both, packed: a quarter of a gigabyte, and a minute of work the first time. */
function images() {
  if (made !== undefined) return made;
  const shared = [layerOf(base), layerOf(programs)];
  made = { first: [...shared, layerOf(small)], second: [...shared, layerOf(changed)] };
  return made;
}

export async function pushLargeImage(registryHost: string): Promise<void> {
  await pushImage(registryHost, largeImage, images().first);
  await pushImage(registryHost, largeImageChanged, images().second);
}

/** An archive as `docker save` of old and new writes it, layers not packed: nobody's own form. */
export function writeLargeArchive(file: string, tag: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'ba-'));
  try {
    const layers = images().first;
    const config = configOf(layers);
    const configName = `${digestOf(config).slice('sha256:'.length)}.json`;
    writeFileSync(path.join(folder, configName), config);
    const names = layers.map(({ packed }, at) => {
      const name = `${at}.tar`;
      writeFileSync(path.join(folder, `${name}.gz`), packed);
      execFileSync('gzip', ['-d', path.join(folder, `${name}.gz`)]);
      return name;
    });
    const manifest = [{ Config: configName, RepoTags: [tag], Layers: names }];
    writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
    execFileSync('tar', ['-C', folder, '-cf', file, 'manifest.json', configName, ...names]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function layerOf(shape: LayerShape): Layer {
  const folder = mkdtempSync(path.join(tmpdir(), 'bl-'));
  try {
    const content = contentSource(shape.name);
    const tree = path.join(folder, 'tree');
    for (let at = 0; at < shape.files; at += 1) {
      const parent = path.join(tree, shape.name, String(at % 80));
      if (at < 80) mkdirSync(parent, { recursive: true });
      writeFileSync(path.join(parent, `file-${at}`), content(shape.fileBytes));
    }
    const archive = path.join(folder, 'layer.tar');
    execFileSync('tar', [
      '-C',
      tree,
      '--sort=name',
      '--owner=0',
      '--group=0',
      '--mtime=@1700000000',
      '-cf',
      archive,
      '.',
    ]);
    const diffId = hashOf(archive);
    execFileSync('gzip', ['-n', archive]);
    const packed = readFileSync(`${archive}.gz`);
    return { packed, diffId, digest: digestOf(packed) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same bytes in every run: an eighth noise, the rest words, in turns of a kibibyte. */
function contentSource(seed: string): (bytes: number) => Buffer {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0) || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const words = Array.from({ length: 512 }, () => next().toString(36));
  return (bytes) => {
    const parts: Buffer[] = [];
    for (let made = 0; made < bytes; made += 1024) {
      const block = Buffer.alloc(1024);
      for (let at = 0; at < noiseBytes; at += 4) block.writeUInt32LE(next(), at);
      for (let at = noiseBytes; at < 1024; ) at += block.write(`${words[next() % words.length]} `, at) || 1024;
      parts.push(block);
    }
    return Buffer.concat(parts).subarray(0, bytes);
  };
}
const noiseBytes = 120;

function hashOf(file: string): string {
  const [sum] = execFileSync('sha256sum', [file], { encoding: 'utf8' }).split(' ');
  return `sha256:${sum}`;
}

function configOf(layers: readonly Layer[]): Buffer {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
  return Buffer.from(JSON.stringify({ architecture, os: 'linux', config: { Cmd: ['true'] }, rootfs }));
}

async function pushImage(registryHost: string, name: string, layers: readonly Layer[]): Promise<void> {
  const [repository = '', tag = ''] = name.split(':');
  const config = configOf(layers);
  const at = `http://${registryHost}/v2/${repository}`;
  for (const blob of [config, ...layers.map(({ packed }) => packed)]) await putBlob(at, blob);
  await putManifest(at, tag, {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig, digest: digestOf(config), size: config.length },
    layers: layers.map(({ packed, digest }) => ({
      mediaType: mediaTypes.dockerLayerGzip,
      digest,
      size: packed.length,
    })),
  });
}
