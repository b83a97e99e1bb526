/** The made images on disk: an OCI image layout (image-layout.md) whose index names each image by its repository. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface StoredLayer {
  readonly digest: string;
  readonly diffId: string;
  readonly sizeBytes: number;
}

export interface StoredImage {
  readonly name: string;
  readonly tags: readonly string[];
  readonly manifestDigest: string;
}

export class ImageStore {
  readonly dir: string;
  constructor(dir: string) {
    this.dir = dir;
  }

  blobPath(digest: string): string {
    return path.join(this.dir, 'blobs', digest.replace(':', '/'));
  }

  openBlob(digest: string) {
    return createReadStream(this.blobPath(digest));
  }

  async putBlob(bytes: Buffer): Promise<{ digest: string; size: number }> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await mkdir(path.dirname(this.blobPath(digest)), { recursive: true });
    await writeFile(this.blobPath(digest), bytes);
    return { digest, size: bytes.length };
  }

  /** Packs a folder as a gzip layer. Owners, modes and times as they are; whiteouts as `markDeletions` left them. */
  async putLayer(folder: string): Promise<StoredLayer> {
    await mkdir(path.join(this.dir, 'blobs/sha256'), { recursive: true });
    const unfinished = path.join(this.dir, 'blobs', `unfinished-${process.pid}`);
    const tar = spawn('tar', ['--numeric-owner', '--xattrs', '--sort=name', '-C', folder, '-cf', '-', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => tar.on('close', resolve));
    const [plain, packed] = [createHash('sha256'), createHash('sha256')];
    let sizeBytes = 0;
    const tap = (see: (chunk: Buffer) => void) =>
      new Transform({
        transform(chunk: Buffer, _encoding, done) {
          see(chunk);
          done(null, chunk);
        },
      });
    await pipeline(
      tar.stdout,
      tap((chunk) => plain.update(chunk)),
      createGzip({ level: 6 }),
      tap((chunk) => {
        packed.update(chunk);
        sizeBytes += chunk.length;
      }),
      createWriteStream(unfinished),
    );
    if ((await ended) !== 0) throw new Error(`tar of ${folder} failed`);
    const digest = `sha256:${packed.digest('hex')}`;
    await rename(unfinished, this.blobPath(digest));
    return { digest, diffId: `sha256:${plain.digest('hex')}`, sizeBytes };
  }

  async writeIndex(images: readonly StoredImage[]): Promise<void> {
    await writeFile(path.join(this.dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(path.join(this.dir, 'images.json'), JSON.stringify(images, null, 2));
  }

  async readIndex(): Promise<readonly StoredImage[]> {
    const file = path.join(this.dir, 'images.json');
    return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : [];
  }
}

/** An overlay's deleted files (character devices 0/0) as a layer's (`.wh.` files, OCI image spec, "Whiteouts"). */
export async function markDeletions(upper: string): Promise<void> {
  for (const entry of await readdir(upper, { recursive: true, withFileTypes: true })) {
    if (!entry.isCharacterDevice()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { rdev } = await lstat(file);
    if (rdev !== 0) continue;
    await rm(file);
    await writeFile(path.join(entry.parentPath, `.wh.${entry.name}`), '');
  }
}

/** Writes the files of a recipe into a folder that becomes a layer. */
export async function writeFiles(
  root: string,
  files: Readonly<Record<string, { readonly content: string; readonly mode?: number }>>,
): Promise<void> {
  for (const [name, { content, mode }] of Object.entries(files)) {
    const target = path.join(root, name);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
    await chmod(target, mode ?? 0o644);
  }
}
