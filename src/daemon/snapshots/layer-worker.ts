/**
 * The worker thread for heavy file work: unpacking layers, copying, removing and measuring trees. Synchronous inside, so
 * that it is fast; the main thread only waits for its messages. It ends when its parent closes the port.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { errnoOf } from '../linux/mount.ts';
import { receiveChunks } from './chunk-channel.ts';
import { decompressed, decompressedChunks, isUnpackError } from './decompress.ts';
import type { ByteSource, JobFailure, JobReply, JobRequest, JobUsage, LayerJob } from './layer-jobs.ts';
import { LayerBounds } from './layer-limits.ts';
import { LayerTree } from './layer-tree.ts';
import { RootedTree } from './rooted-tree.ts';
import { checkSameTree } from './same-trees.ts';
import { byteString } from './tar-format.ts';
import { TarParser, type TarSink } from './tar-parser.ts';
import { copyTree, measureTree, removeTree } from './tree-ops.ts';

interface JobContext {
  readonly checkCancelled: () => void;
  readonly progress: (bytes: number) => void;
}

const progressEveryMs = 100;
const port = parentPort;
port?.on('message', (request: JobRequest) => void answer(request, (reply) => port.postMessage(reply)));

async function answer(request: JobRequest, reply: (message: JobReply) => void): Promise<void> {
  const { id } = request;
  const flag = new Int32Array(request.cancelled);
  let reportedAt = 0;
  const context: JobContext = {
    checkCancelled: () => {
      if (Atomics.load(flag, 0) !== 0) throw new WharfError('request.cancelled', 'cancelled');
    },
    progress: (bytes) => {
      const now = performance.now();
      if (now - reportedAt < progressEveryMs) return;
      reportedAt = now;
      reply({ id, kind: 'progress', bytes });
    },
  };
  try {
    reply({ id, kind: 'done', usage: await run(request.job, context) });
  } catch (error) {
    reply({ id, kind: 'failed', error: failureOf(error) });
  }
}

async function run(job: LayerJob, context: JobContext): Promise<JobUsage> {
  switch (job.kind) {
    case 'apply': {
      const tree = new LayerTree({ root: job.root, deletions: job.deletions, lowers: job.lowers, limits: job.limits });
      try {
        const hash = job.diffId === undefined ? undefined : createHash('sha256');
        const bounds = new LayerBounds(job.root, job.limits);
        await feed(job.source, tree, context, (chunk) => {
          bounds.see(chunk.length);
          hash?.update(chunk);
        });
        if (hash !== undefined && job.diffId !== undefined) checkDiffId(hash, job.diffId);
        tree.finish();
        return tree.usage;
      } finally {
        tree.abandon();
      }
    }
    case 'digest': {
      const hash = createHash('sha256');
      const bounds = new LayerBounds(undefined, job.limits);
      for await (const chunk of openSource(job.source).chunks) {
        context.checkCancelled();
        bounds.see(chunk.length);
        hash.update(chunk);
      }
      checkDiffId(hash, job.diffId);
      return { sizeBytes: 0, inodes: 0 };
    }
    case 'unpack': {
      using tree = new RootedTree(job.root, job.path, job.options);
      await feed(job.source, tree, context);
      tree.finish();
      return tree.usage;
    }
    case 'copy':
      copyTree(byteString(job.from), byteString(job.to), context.checkCancelled);
      return { sizeBytes: 0, inodes: 0 };
    case 'same':
      return checkSameTree(byteString(job.fresh), byteString(job.kept), context);
    case 'remove':
      removeTree(byteString(job.path));
      return { sizeBytes: 0, inodes: 0 };
    case 'measure':
      return measureTree(byteString(job.path), context.checkCancelled);
  }
}

function checkDiffId(hash: Hash, announced: string): void {
  const diffId = `sha256:${hash.digest('hex')}`;
  if (diffId === announced) return;
  throw new WharfError('digest.mismatch', `the layer unpacks to ${diffId}, and ${announced} was announced`);
}

/** Runs the whole source through the parser. `see` gets the unpacked bytes too, those behind the archive's end included. */
async function feed(
  source: ByteSource,
  sink: TarSink,
  context: JobContext,
  see: (chunk: Buffer) => void = () => undefined,
): Promise<void> {
  const { chunks, consumed } = openSource(source);
  const parser = new TarParser(sink);
  // Leaving the loop early closes the source.
  for await (const chunk of chunks) {
    context.checkCancelled();
    see(chunk);
    parser.write(chunk);
    context.progress(consumed());
  }
  parser.end();
}

function openSource(source: ByteSource): { chunks: AsyncIterable<Buffer>; consumed: () => number } {
  if (source.kind === 'thread') {
    let bytes = 0;
    const counted = async function* () {
      for await (const chunk of receiveChunks(source.ring, source.port)) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    return { chunks: decompressedChunks(counted()), consumed: () => bytes };
  }
  const file = createReadStream(source.path, { highWaterMark: 1 << 20 });
  return { chunks: decompressed(file, readHead(source.path)), consumed: () => file.bytesRead };
}

function readHead(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(8);
    return head.subarray(0, readSync(fd, head, 0, head.length, 0));
  } finally {
    closeSync(fd);
  }
}

function failureOf(error: unknown): JobFailure {
  const errno = errnoOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (isWharfError(error)) return { code: error.code, message, hint: error.hint, errno };
  const plain = (code: JobFailure['code'], text: string): JobFailure => ({
    code,
    message: text,
    hint: undefined,
    errno,
  });
  if (isUnpackError(error)) return plain('layer.corrupt', `the archive is damaged: ${message}`);
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return plain('disk.full', `no space left on device: ${message}`);
    case 'EPERM':
    case 'EACCES':
      return plain('kernel.denied', message);
    case 'ENAMETOOLONG':
    case 'EINVAL':
      return plain('layer.corrupt', `the archive is damaged: ${message}`);
    default:
      return plain(errno === undefined ? 'internal' : 'kernel.failed', message);
  }
}
