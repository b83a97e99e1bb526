import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeEngine, fakeEngine } from '../test-support/fake-engine.ts';
import { runWharf } from '../test-support/run-wharf.ts';
import { packTar } from './pack-tar.ts';
import { encodeHeader, type TarEntry } from './tar-header.ts';
import { readTar } from './tar-reader.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wharf-cp-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const directory = 2 ** 31 + 0o755;

function stat(name: string, mode: number): Readonly<Record<string, string>> {
  const value = { name, size: 1, mode, mtime: '2024-01-01T00:00:00Z', linkTarget: '' };
  return { 'x-docker-container-path-stat': Buffer.from(JSON.stringify(value)).toString('base64') };
}

async function pack(source: string, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packTar({ source, name, followLink: false, signal, onBytes: () => undefined }))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function names(archive: Buffer): Promise<string[]> {
  const found: string[] = [];
  for await (const { entry } of readTar(ReadableStream.from([archive]))) found.push(entry.path);
  return found;
}

function crafted(entry: Partial<TarEntry> & Pick<TarEntry, 'path' | 'kind'>): Buffer {
  const whole = { mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, mtimeMs: 0, linkTarget: '', ...entry };
  return Buffer.from(encodeHeader(whole));
}

function serve(engine: FakeEngine, archive: Buffer, mode: number): void {
  engine.on('GET /containers/web/archive', { headers: stat('x', mode), body: archive });
}

describe('archives', () => {
  it('keep names, links, modes and content, long names too', async () => {
    const long = 'n'.repeat(150);
    mkdirSync(join(dir, 'tree', 'sub'), { recursive: true });
    writeFileSync(join(dir, 'tree', 'sub', long), 'x'.repeat(1000), { mode: 0o640 });
    symlinkSync('sub', join(dir, 'tree', 'link'));
    const found: Record<string, unknown> = {};
    for await (const { entry, data } of readTar(ReadableStream.from([await pack(join(dir, 'tree'), 'top')]))) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of data) chunks.push(chunk);
      found[entry.path] = [entry.kind, entry.mode, entry.linkTarget, Buffer.concat(chunks).length];
    }
    expect(found).toEqual({
      'top/': ['directory', 0o755, '', 0],
      'top/link': ['symlink', 0o777, 'sub', 0],
      'top/sub/': ['directory', 0o755, '', 0],
      [`top/sub/${long}`]: ['file', 0o640, '', 1000],
    });
  });

  it('that are cut or broken are errors', async () => {
    writeFileSync(join(dir, 'f'), 'x'.repeat(2000));
    const archive = await pack(join(dir, 'f'), 'f');
    await expect(names(archive.subarray(0, 1000))).rejects.toThrow('ends in the middle of an entry');
    await expect(names(Buffer.alloc(512, 7))).rejects.toThrow('wrong checksum');
  });
});

describe('wharf cp from a container', () => {
  it('puts a directory into one that is there, and makes one that is not', async () => {
    mkdirSync(join(dir, 'src', 'sub'), { recursive: true });
    writeFileSync(join(dir, 'src', 'sub', 'f'), 'hello');
    await using engine = await fakeEngine();
    serve(engine, await pack(join(dir, 'src'), 'etc'), directory);
    mkdirSync(join(dir, 'there'));
    expect(await runWharf(['-H', engine.host, 'cp', 'web:/etc', join(dir, 'there')])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(readFileSync(join(dir, 'there', 'etc', 'sub', 'f'), 'utf8')).toBe('hello');
    await runWharf(['-H', engine.host, 'cp', 'web:/etc', join(dir, 'new')]);
    expect(readFileSync(join(dir, 'new', 'sub', 'f'), 'utf8')).toBe('hello');
  });

  it('gives a file the name that was asked for', async () => {
    writeFileSync(join(dir, 'f'), 'hello');
    await using engine = await fakeEngine();
    serve(engine, await pack(join(dir, 'f'), 'passwd'), 0o644);
    await runWharf(['-H', engine.host, 'cp', 'web:/etc/passwd', join(dir, 'copy')]);
    expect(readFileSync(join(dir, 'copy'), 'utf8')).toBe('hello');
    const missing = await runWharf(['-H', engine.host, 'cp', 'web:/etc/passwd', join(dir, 'no', 'where')]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') });
    const slash = await runWharf(['-H', engine.host, 'cp', 'web:/etc/passwd', `${join(dir, 'nodir')}/`]);
    expect(slash).toMatchObject({ code: 1, stderr: expect.stringContaining('no such directory') });
  });

  it.each([
    ['climbs out with ..', [crafted({ path: 'x/../../evil', kind: 'file' })]],
    [
      'writes through a link it brought',
      [
        crafted({ path: 'x', kind: 'directory' }),
        crafted({ path: 'x/l', kind: 'symlink', linkTarget: '/tmp' }),
        crafted({ path: 'x/l/evil', kind: 'file' }),
      ],
    ],
    ['links to a file outside', [crafted({ path: 'x/hard', kind: 'hardlink', linkTarget: '../../etc/passwd' })]],
  ])('refuses an archive that %s', async (_what, blocks) => {
    await using engine = await fakeEngine();
    serve(engine, Buffer.concat([...blocks, Buffer.alloc(1024)]), directory);
    mkdirSync(join(dir, 'into'));
    const run = await runWharf(['-H', engine.host, 'cp', 'web:/x', join(dir, 'into')]);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('would leave its directory') });
    expect(existsSync(join(dir, 'evil'))).toBe(false);
    expect(existsSync('/tmp/evil')).toBe(false);
  });

  it('keeps a symbolic link a link', async () => {
    await using engine = await fakeEngine();
    serve(
      engine,
      Buffer.concat([crafted({ path: 'l', kind: 'symlink', linkTarget: '/etc/passwd' }), Buffer.alloc(1024)]),
      2 ** 27 + 0o777,
    );
    await runWharf(['-H', engine.host, 'cp', 'web:/l', join(dir, 'l')]);
    expect(lstatSync(join(dir, 'l')).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(dir, 'l'))).toBe('/etc/passwd');
  });

  it('writes the archive itself to standard output', async () => {
    writeFileSync(join(dir, 'f'), 'hello');
    await using engine = await fakeEngine();
    serve(engine, await pack(join(dir, 'f'), 'f'), 0o644);
    const { stdout } = await runWharf(['-H', engine.host, 'cp', 'web:/f', '-']);
    expect(await names(Buffer.from(stdout))).toEqual(['f']);
  });
});

describe('wharf cp to a container', () => {
  it.each([
    ['f', '/tmp', directory, '/tmp', ['f']],
    ['f', '/tmp/g', undefined, '/tmp', ['g']],
    ['d', '/new', undefined, '/', ['new/', 'new/f']],
    ['d/.', '/tmp', directory, '/tmp', ['./', './f']],
  ])('%s to %s', async (source, destination, mode, unpackedIn, entries) => {
    mkdirSync(join(dir, 'd'));
    writeFileSync(join(dir, 'd', 'f'), 'x');
    writeFileSync(join(dir, 'f'), 'x');
    await using engine = await fakeEngine();
    engine.on('GET /containers/web/json', { body: { Id: 'web' } });
    engine.on(
      'HEAD /containers/web/archive',
      mode === undefined ? { status: 404 } : { status: 200, headers: stat('tmp', mode) },
    );
    engine.on('PUT /containers/web/archive', { status: 200 });
    const run = await runWharf(['-H', engine.host, 'cp', `${dir}/${source}`, `web:${destination}`]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const put = engine.requests.find(({ method }) => method === 'PUT');
    expect(put?.query.get('path')).toBe(unpackedIn);
    expect(await names(put?.body ?? Buffer.alloc(0))).toEqual(entries);
  });

  it('tells a missing source and a copy between containers', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /containers/web/json', { body: { Id: 'web' } });
    expect(await runWharf(['-H', engine.host, 'cp', '/no/such', 'web:/tmp'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/no/such: no such file or directory'),
    });
    expect(await runWharf(['-H', engine.host, 'cp', 'a:/x', 'b:/y'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('copying between containers is not supported'),
    });
  });
});
