/** The image store as a dead daemon left it, looked at from outside: is everything the database speaks of whole and right? */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ImageDatabase } from '../../src/daemon/images/image-database.ts';
import type { ImageRecord } from '../../src/daemon/images/image-record.ts';
import { decompressedChunks } from '../../src/daemon/snapshots/decompress.ts';
import { defaultLayerLimits } from '../../src/daemon/snapshots/layer-limits.ts';
import { LayerTree } from '../../src/daemon/snapshots/layer-tree.ts';
import { TarParser } from '../../src/daemon/snapshots/tar-parser.ts';
import { listTree } from '../../src/daemon/snapshots/tree-listing.ts';

export interface StoreCheck {
  readonly findings: readonly string[];
  readonly images: number;
  readonly blobs: number;
  readonly layers: number;
}

/** Nothing may run on the data root meanwhile. The database is read from a copy: opening it would tidy up after the crash. */
export async function checkStore(dataRoot: string): Promise<StoreCheck> {
  const findings: string[] = [];
  const images = imagesOf(dataRoot);
  const blobs = readdirSync(path.join(dataRoot, 'content/blobs/sha256'));
  for (const hex of blobs) {
    const bytes = readFileSync(path.join(dataRoot, 'content/blobs/sha256', hex));
    if (createHash('sha256').update(bytes).digest('hex') !== hex) findings.push(`blob ${hex} holds other bytes`);
  }
  const checked = new Set<string>();
  for (const image of images) findings.push(...(await checkImage(dataRoot, image, new Set(blobs), checked)));
  return { findings, images: images.length, blobs: blobs.length, layers: checked.size };
}

function imagesOf(dataRoot: string): readonly ImageRecord[] {
  const folder = mkdtempSync(path.join(dataRoot, '..', 'db-'));
  try {
    for (const name of ['wharf.db', 'wharf.db-wal'])
      if (existsSync(path.join(dataRoot, name))) copyFileSync(path.join(dataRoot, name), path.join(folder, name));
    const db = new DatabaseSync(path.join(folder, 'wharf.db'));
    try {
      return new ImageDatabase(db).all();
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function checkImage(
  dataRoot: string,
  image: ImageRecord,
  blobs: ReadonlySet<string>,
  checked: Set<string>,
): Promise<readonly string[]> {
  const needed = [image.id, image.manifest.digest, ...image.layers.map(({ blob }) => blob.digest)];
  const missing = needed.filter((digest) => !blobs.has(digest.slice(7)));
  if (missing.length > 0) return missing.map((digest) => `image ${image.id} lacks its blob ${digest}`);
  const findings: string[] = [];
  const lowers: string[] = [];
  for (const { chainId, blob } of image.layers) {
    const diff = path.join(dataRoot, 'snapshots/overlay/layers', chainId.slice(7), 'diff');
    if (!existsSync(diff)) findings.push(`image ${image.id} lacks its layer ${chainId}`);
    else if (!checked.has(chainId)) {
      checked.add(chainId);
      const difference = await compareWithFresh(dataRoot, diff, blob.digest.slice(7), lowers);
      if (difference !== undefined) findings.push(`layer ${chainId} is not what its blob unpacks to: ${difference}`);
    }
    lowers.unshift(diff);
  }
  return findings;
}

/** The first line in which the unpacked layer differs from one that is unpacked now. */
async function compareWithFresh(
  dataRoot: string,
  diff: string,
  hex: string,
  lowers: readonly string[],
): Promise<string | undefined> {
  const root = mkdtempSync(path.join(dataRoot, '..', 'fresh-'));
  mkdirSync(path.join(root, 'diff'));
  try {
    const tree = new LayerTree({
      root: path.join(root, 'diff'),
      deletions: 'overlay',
      lowers,
      limits: defaultLayerLimits,
    });
    const parser = new TarParser(tree);
    const blob = createReadStream(path.join(dataRoot, 'content/blobs/sha256', hex));
    for await (const chunk of decompressedChunks(blob)) parser.write(chunk);
    parser.end();
    tree.finish();
    const options = { times: 'folders', contents: true } as const;
    const [kept, fresh] = [listTree(diff, options), listTree(path.join(root, 'diff'), options)];
    const at = fresh.findIndex((line, index) => kept[index] !== line);
    if (at >= 0) return `${JSON.stringify(kept[at])} for ${JSON.stringify(fresh[at])}`;
    return kept.length === fresh.length ? undefined : `${kept.length - fresh.length} entries more`;
  } finally {
    rmSync(root, { recursive: true });
  }
}
