import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readTar } from './tar-reader.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wharf-tar-'));
afterAll(() => rmSync(folder, { recursive: true }));

const longName = `${'long-folder-name/'.repeat(9)}file.txt`;
mkdirSync(path.join(folder, 'x', path.dirname(longName)), { recursive: true });
writeFileSync(path.join(folder, 'x', longName), 'long');
writeFileSync(path.join(folder, 'x/big.bin'), Buffer.alloc(70_000, 7));
writeFileSync(path.join(folder, 'x/empty'), '');
symlinkSync('/etc/passwd', path.join(folder, 'x/link'));

function archive(format: string): Uint8Array {
  return execFileSync('tar', ['-C', folder, `--format=${format}`, '-cf', '-', 'x'], { maxBuffer: 1e8 });
}

/** In chunks of an odd size, so that headers and bodies are cut anywhere. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(at, at + 777));
      at += 777;
    },
  });
}

test.each(['gnu', 'pax', 'ustar'])('%s archives of GNU tar are read, long names too', async (format) => {
  const found = new Map<string, string>();
  for await (const entry of readTar(streamOf(archive(format)))) {
    let size = 0;
    for await (const chunk of entry.body) size += chunk.length;
    found.set(entry.path, `${entry.kind}:${size}`);
  }
  expect(found.get(`x/${longName}`)).toBe('file:4');
  expect(found.get('x/big.bin')).toBe('file:70000');
  expect(found.get('x/empty')).toBe('file:0');
  expect(found.get('x/link')).toBe('symlink:0');
  expect(found.get('x')).toBe('directory:0');
});

test('bodies may be left unread', async () => {
  const names: string[] = [];
  for await (const entry of readTar(streamOf(archive('gnu')))) names.push(entry.path);
  expect(names).toContain('x/big.bin');
});

test('what is not an archive, or a cut one, is refused', async () => {
  const drain = async (bytes: Uint8Array) => {
    for await (const _ of readTar(streamOf(bytes)));
  };
  await expect(drain(Buffer.from('<html>'.repeat(200)))).rejects.toThrow('can not be read');
  await expect(drain(archive('gnu').subarray(0, 40_000))).rejects.toThrow('can not be read');
});
