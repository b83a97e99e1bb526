/** The plain tar of an uploaded archive, however it is packed: load and import take what docker takes. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import { decompressed, takeHead } from '../snapshots/decompress.ts';

/** Programs for what Node cannot unpack; both are part of every usual Linux system. */
const programs = { xz: ['xz', '-dc'], bzip2: ['bzip2', '-dc'] } as const;

/** @throws WharfError through the stream: 'image.unsupported' without the program, 'layer.corrupt' for damaged bytes */
export async function plainTar(packed: Readable): Promise<Readable> {
  const { head, rest } = await takeHead(packed);
  const whole = async function* () {
    if (head.length > 0) yield head;
    yield* rest;
  };
  const bytes = Readable.from(whole(), { objectMode: false });
  const kind = packingByProgram(head);
  return kind === undefined ? decompressed(bytes, head) : throughProgram(kind, bytes);
}

function packingByProgram(head: Buffer): keyof typeof programs | undefined {
  if (head.toString('latin1', 0, 6) === '\xfd7zXZ\0') return 'xz';
  return head.toString('latin1', 0, 3) === 'BZh' ? 'bzip2' : undefined;
}

function throughProgram(kind: keyof typeof programs, packed: Readable): Readable {
  const [program, flag] = programs[kind];
  const child = spawn(program, [flag], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes) => {
    if (said.length < 1000) said += String(bytes);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => {
      const hint = `Install ${kind}, or pack the archive with gzip or zstd.`;
      reject(new WharfError('image.unsupported', `the archive is packed with ${kind}`, { cause, hint }));
    });
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new WharfError('layer.corrupt', `the archive is damaged: ${said.trim() || `${kind} failed`}`));
    });
  });
  ended.catch(() => packed.destroy());
  // It may end before it has read all; `ended` says why.
  child.stdin.on('error', () => packed.destroy());
  packed.on('error', () => child.kill('SIGKILL'));
  packed.pipe(child.stdin);
  const plain = async function* () {
    try {
      yield* child.stdout;
      await ended;
    } finally {
      child.kill('SIGKILL');
    }
  };
  return Readable.from(plain(), { objectMode: false });
}
