import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EngineClient } from '../client/engine-client.ts';
import { isWharfError, WharfError } from '../contract/errors.ts';
import { readTar } from './tar-reader.ts';

const maxTextBytes = 4 * 1024 * 1024;
const maxCopyBytes = 2 * 1024 * 1024 * 1024;
const maxCopyFiles = 50_000;

/** Files of an image, read through a container that is created from it and never started. */
export interface ImageFiles extends AsyncDisposable {
  /** @returns the text of a file, or undefined when there is none */
  readText(file: string): Promise<string | undefined>;
  readBytes(file: string, maxBytes: number): Promise<Buffer | undefined>;
  /**
   * Copies a file, or a folder with what is in it, into `target`; regular files and folders only.
   *
   * @returns the number of files
   * @throws WharfError 'extension.invalid' when an entry would leave `target` or there is no such path
   */
  copyTo(source: string, target: string): Promise<number>;
}

export async function openImageFiles(
  engine: EngineClient,
  image: string,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ImageFiles> {
  const { Id: id } = await engine.call('ContainerCreate', {
    body: { Image: image, Entrypoint: ['/nonexistent'], Cmd: [], Labels: labels, HostConfig: { NetworkMode: 'none' } },
    signal,
  });
  const archive = async (file: string) => {
    try {
      return (await engine.bytes('ContainerArchive', { params: { id }, query: { path: file }, signal })).body;
    } catch (error) {
      if (isWharfError(error) && error.status === 404) return undefined;
      throw error;
    }
  };
  const readBytes = async (file: string, maxBytes: number) => {
    const body = await archive(file);
    if (body === undefined) return undefined;
    for await (const entry of readTar(body)) {
      if (entry.kind !== 'file') break;
      if (entry.sizeBytes > maxBytes)
        throw new WharfError('extension.invalid', `${file} is larger than ${maxBytes} bytes`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry.body) chunks.push(chunk);
      return Buffer.concat(chunks);
    }
    throw new WharfError('extension.invalid', `${file} is not a regular file`);
  };
  return {
    readBytes,
    readText: async (file) => (await readBytes(file, maxTextBytes))?.toString('utf8'),
    async copyTo(source, target) {
      const body = await archive(source);
      if (body === undefined) throw new WharfError('extension.invalid', `the image holds no ${source}`);
      return await extract(body, target, signal);
    },
    async [Symbol.asyncDispose]() {
      // Not the caller's signal: what was made is removed after a cancel, too.
      await engine.call('ContainerDelete', { params: { id }, query: { force: true, v: true } });
    },
  };
}

async function extract(body: ReadableStream<Uint8Array>, target: string, signal: AbortSignal): Promise<number> {
  const root = path.resolve(target);
  let files = 0;
  let bytes = 0;
  await mkdir(root, { recursive: true });
  for await (const entry of readTar(body)) {
    signal.throwIfAborted();
    const file = path.resolve(root, entry.path);
    if (entry.path.startsWith('/') || (file !== root && !file.startsWith(root + path.sep))) {
      throw new WharfError('extension.invalid', `an entry of the image would leave its folder: ${entry.path}`);
    }
    // Links are left out: nothing an extension serves or runs needs one, and one could point anywhere.
    if (entry.kind === 'directory') await mkdir(file, { recursive: true });
    if (entry.kind !== 'file') continue;
    if (++files > maxCopyFiles) throw new WharfError('extension.invalid', `more than ${maxCopyFiles} files`);
    const count = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        bytes += chunk.length;
        if (bytes > maxCopyBytes) done(new WharfError('extension.invalid', 'the files are larger than 2 GiB'));
        else done(null, chunk);
      },
    });
    await mkdir(path.dirname(file), { recursive: true });
    const output = createWriteStream(file, { flags: 'wx', mode: entry.mode & 0o755 });
    await pipeline(Readable.from(entry.body), count, output, { signal });
  }
  return files;
}
