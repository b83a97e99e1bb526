import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { type ErrorCode, WharfError } from '../../../contract/errors.ts';
import { type Digest, parseDigest } from '../../../oci/digest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { createRegistryServer } from '../create-registry-server.ts';
import { FilesystemDriver } from '../storage/filesystem-driver.ts';
import { MemoryDriver } from '../storage/memory-driver.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import { layerFolder } from '../storage/storage-paths.ts';
import type { CacheSettings } from './cache-settings.ts';
import type { Upstream } from './upstream.ts';

function digestOf(bytes: Uint8Array | string): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

const patiently = { timeout: 15_000, interval: 20 };

/** A registry in memory that counts what it is asked, and can be down. */
class ScriptedUpstream implements Upstream {
  readonly blobs = new Map<Digest, Buffer>();
  readonly manifests = new Map<Digest, Buffer>();
  readonly tagged = new Map<string, Digest>();
  readonly asked: string[] = [];
  failure: ErrorCode | undefined;
  /** What a blob's bytes wait for, chunk by chunk. */
  chunks: (bytes: Buffer) => AsyncIterable<Uint8Array> = async function* whole(bytes) {
    yield bytes;
  };

  image(repository: string, tag: string, layers: readonly string[]): Digest {
    const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: {}, rootfs: { diff_ids: [] } });
    const descriptor = (text: string, mediaType: string) => {
      this.blobs.set(digestOf(text), Buffer.from(text));
      return { mediaType, digest: digestOf(text), size: text.length };
    };
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(config, mediaTypes.ociConfig),
      layers: layers.map((layer) => descriptor(layer, mediaTypes.ociLayer)),
    });
    this.manifests.set(digestOf(manifest), Buffer.from(manifest));
    this.tagged.set(`${repository}:${tag}`, digestOf(manifest));
    return digestOf(manifest);
  }

  readonly manifest: Upstream['manifest'] = async (repository, selector, { held }) => {
    const digest = selector.kind === 'manifest' ? selector.digest : this.tagged.get(`${repository}:${selector.tag}`);
    this.#ask(`manifest ${repository}`);
    const bytes = digest === undefined ? undefined : this.manifests.get(digest);
    if (digest === undefined || bytes === undefined) throw new WharfError('manifest.unknown', 'manifest unknown');
    const own = await held?.(digest);
    if (own === undefined) this.asked.push(`manifest bytes ${repository}`);
    return { digest, mediaType: mediaTypes.ociManifest, bytes: own ?? bytes };
  };

  readonly blobSize: Upstream['blobSize'] = async (repository, digest) => {
    this.#ask(`size ${repository}`);
    return this.blobs.get(digest)?.byteLength;
  };

  readonly blob: Upstream['blob'] = async (repository, { digest }) => {
    this.#ask(`blob ${repository}`);
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new WharfError('manifest.unknown', 'blob unknown');
    return Readable.from(this.chunks(bytes), { objectMode: false });
  };

  readonly tags: Upstream['tags'] = async (repository) => {
    this.#ask(`tags ${repository}`);
    const all = [...this.tagged.keys()].filter((key) => key.startsWith(`${repository}:`));
    return all.map((key) => key.slice(repository.length + 1));
  };

  readonly referrers: Upstream['referrers'] = async (repository) => {
    this.#ask(`referrers ${repository}`);
    return [];
  };

  close(): void {}

  #ask(what: string): void {
    this.asked.push(what);
    if (this.failure !== undefined) throw new WharfError(this.failure, 'scripted');
  }
}

async function world(
  settings: Partial<CacheSettings> = {},
  { driver = new MemoryDriver() }: { readonly driver?: StorageDriver } = {},
) {
  const upstream = new ScriptedUpstream();
  const server = await createRegistryServer({
    driver,
    settings: { caches: [{ prefix: 'hub', upstream: 'https://up.example', ...settings }] },
    openUpstream: async () => upstream,
  });
  const url = await server.listen('127.0.0.1', 0);
  const call = async (method: string, path: string, headers: Record<string, string> = {}): Promise<Response> =>
    await fetch(url + path, { method, headers });
  const pull = async (name: string, tag: string): Promise<void> => {
    const manifest = (await (await call('GET', `/v2/${name}/manifests/${tag}`)).json()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      const response = await call('GET', `/v2/${name}/blobs/${digest}`);
      expect(response.status).toBe(200);
      expect(digestOf(Buffer.from(await response.arrayBuffer()))).toBe(digest);
    }
  };
  return { url, upstream, call, pull, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { errors?: { code: string }[] };
  return `${response.status} ${body.errors?.[0]?.code}`;
}

async function onDisk() {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-cache-'));
  return {
    driver: new FilesystemDriver(folder),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  };
}

describe('a cache of another registry', () => {
  it('loads what is asked for, keeps it, and serves it without a word to the upstream', async () => {
    await using w = await world();
    const digest = w.upstream.image('library/app', '1', ['layer one', 'layer two']);
    await w.pull('hub/library/app', '1');
    const asked = w.upstream.asked.length;
    expect(w.upstream.asked.filter((what) => what.startsWith('blob'))).toHaveLength(3);
    await w.pull('hub/library/app', '1');
    const metrics = await (await w.call('GET', '/metrics')).text();
    expect(metrics).toContain('wharf_registry_cache_answers_total{prefix="hub",from="loaded"} 4\n');
    expect(metrics).toContain('wharf_registry_cache_answers_total{prefix="hub",from="held"} 4\n');
    expect((await w.call('HEAD', `/v2/hub/library/app/manifests/${digest}`)).headers.get('docker-content-digest')).toBe(
      digest,
    );
    expect(w.upstream.asked).toHaveLength(asked);
  });

  it('takes no pushes and no deletions, and leaves the rest of the registry as it was', async () => {
    await using w = await world();
    expect(await codeOf(await w.call('POST', '/v2/hub/app/blobs/uploads/'))).toBe('405 UNSUPPORTED');
    expect(await codeOf(await w.call('DELETE', '/v2/hub/app/manifests/1'))).toBe('405 UNSUPPORTED');
    expect((await w.call('POST', '/v2/own/app/blobs/uploads/')).status).toBe(202);
    expect(await codeOf(await w.call('GET', '/v2/own/app/manifests/1'))).toBe('404 NAME_UNKNOWN');
    expect(w.upstream.asked).toEqual([]);
  });

  it('follows a tag when its time is over, and asks for the bytes only when it names another manifest', async () => {
    await using w = await world({ tagTtlSeconds: 0 });
    const first = w.upstream.image('app', '1', ['old']);
    await w.pull('hub/app', '1');
    w.upstream.asked.length = 0;
    expect((await w.call('HEAD', '/v2/hub/app/manifests/1')).headers.get('docker-content-digest')).toBe(first);
    expect(w.upstream.asked).toEqual(['manifest app']);
    const second = w.upstream.image('app', '1', ['new']);
    expect((await w.call('HEAD', '/v2/hub/app/manifests/1')).headers.get('docker-content-digest')).toBe(second);
    expect(w.upstream.asked).toEqual(['manifest app', 'manifest app', 'manifest bytes app']);
    w.upstream.tagged.clear();
    expect(await codeOf(await w.call('GET', '/v2/hub/app/manifests/1'))).toBe('404 MANIFEST_UNKNOWN');
    w.upstream.failure = 'registry.failed';
    expect((await w.call('GET', '/v2/hub/app/manifests/1')).status).toBe(502);
  });

  it('serves what it has when the upstream is down, and says that it may be stale', async () => {
    await using w = await world({ tagTtlSeconds: 0 });
    w.upstream.image('app', '1', ['layer']);
    await w.pull('hub/app', '1');
    w.upstream.failure = 'registry.unreachable';
    w.upstream.asked.length = 0;
    await w.pull('hub/app', '1');
    const response = await w.call('GET', '/v2/hub/app/manifests/1');
    expect([response.status, response.headers.get('warning')?.slice(0, 3)]).toEqual([200, '110']);
    expect(await (await w.call('GET', '/v2/hub/app/tags/list')).json()).toEqual({ name: 'hub/app', tags: ['1'] });
    // Asked once, and then not again for a moment.
    expect(w.upstream.asked).toEqual(['manifest app']);
    expect(await codeOf(await w.call('GET', '/v2/hub/other/manifests/1'))).toBe('503 UNAVAILABLE');
  });

  it.each<[ErrorCode, string]>([
    ['manifest.unknown', '404 MANIFEST_UNKNOWN'],
    ['auth.required', '403 DENIED'],
    ['auth.denied', '403 DENIED'],
    ['registry.rate-limited', '429 TOOMANYREQUESTS'],
    ['registry.failed', '502 UNAVAILABLE'],
    ['registry.timeout', '504 UNAVAILABLE'],
    ['registry.unreachable', '503 UNAVAILABLE'],
    ['digest.mismatch', '502 UNAVAILABLE'],
  ])("tells the upstream's %s as %s", async (failure, expected) => {
    await using w = await world();
    w.upstream.failure = failure;
    expect(await codeOf(await w.call('GET', '/v2/hub/app/manifests/1'))).toBe(expected);
  });

  it('tells the size of a blob it does not hold, without loading it', async () => {
    await using w = await world();
    w.upstream.image('app', '1', ['layer']);
    const response = await w.call('HEAD', `/v2/hub/app/blobs/${digestOf('layer')}`);
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '5']);
    expect(w.upstream.asked).toEqual(['size app']);
    expect(await codeOf(await w.call('GET', `/v2/hub/app/blobs/${digestOf('none')}`))).toBe('404 BLOB_UNKNOWN');
  });
});

describe('many who want one blob at once', () => {
  it('have it loaded once, and get its bytes while it comes', async () => {
    await using disk = await onDisk();
    await using w = await world({}, { driver: disk.driver });
    const layer = 'x'.repeat(100_000);
    w.upstream.image('app', '1', [layer]);
    const gate = Promise.withResolvers<void>();
    w.upstream.chunks = async function* halves(bytes) {
      yield bytes.subarray(0, 50_000);
      await gate.promise;
      yield bytes.subarray(50_000);
    };
    const path = `/v2/hub/app/blobs/${digestOf(layer)}`;
    const readers = await Promise.all(
      Array.from({ length: 4 }, async () => (await w.call('GET', path)).body?.getReader()),
    );
    for (const reader of readers) expect((await reader?.read())?.value?.byteLength).toBeGreaterThan(0);
    const part = await w.call('GET', path, { range: 'bytes=10-19' });
    expect([part.status, await part.text()]).toEqual([206, 'x'.repeat(10)]);
    gate.resolve();
    for (const reader of readers) while (!(await reader?.read())?.done);
    expect(w.upstream.asked.filter((what) => what.startsWith('blob'))).toEqual(['blob app']);
    expect(digestOf(await (await w.call('GET', path)).text())).toBe(digestOf(layer));
  });

  it('get it also from a storage that can not be read while it is written', async () => {
    await using w = await world();
    const layer = 'y'.repeat(100_000);
    w.upstream.image('app', '1', [layer]);
    const path = `/v2/hub/app/blobs/${digestOf(layer)}`;
    const gate = Promise.withResolvers<void>();
    w.upstream.chunks = async function* halves(bytes) {
      yield bytes.subarray(0, 50_000);
      await gate.promise;
      yield bytes.subarray(50_000);
    };
    const first = (await w.call('GET', path)).body?.getReader();
    expect((await first?.read())?.value?.byteLength).toBeGreaterThan(0);
    const second = w.call('GET', path);
    gate.resolve();
    while (!(await first?.read())?.done);
    expect(digestOf(await (await second).text())).toBe(digestOf(layer));
    expect(w.upstream.asked.filter((what) => what.startsWith('blob'))).toEqual(['blob app']);
  });

  it('never get the whole of a blob with another digest, and it is not kept', async () => {
    await using disk = await onDisk();
    await using w = await world({}, { driver: disk.driver });
    w.upstream.image('app', '1', ['right']);
    w.upstream.blobs.set(digestOf('right'), Buffer.from('wrong'));
    const path = `/v2/hub/app/blobs/${digestOf('right')}`;
    await expect(w.call('GET', path).then((response) => response.text())).rejects.toThrow();
    w.upstream.blobs.set(digestOf('right'), Buffer.from('right'));
    expect(await (await w.call('GET', path)).text()).toBe('right');
  });
});

describe('the bound of a cache', () => {
  it('lets go what was used longest ago', async () => {
    await using w = await world({ maxBytes: 3_000 });
    for (const name of ['a', 'b', 'c']) w.upstream.image(name, '1', [name.repeat(700)]);
    const bytes = async (): Promise<number> => {
      const space = (await (await w.call('GET', '/wharf/v1/space')).json()) as { caches: { usedBytes: number }[] };
      return space.caches[0]?.usedBytes ?? 0;
    };
    await w.pull('hub/a', '1');
    await w.pull('hub/b', '1');
    await w.pull('hub/a', '1');
    await w.pull('hub/c', '1');
    await vi.waitFor(async () => expect(await bytes()).toBeLessThanOrEqual(3_000), patiently);
    w.upstream.asked.length = 0;
    await w.pull('hub/a', '1');
    expect(w.upstream.asked).toEqual([]);
    await w.pull('hub/b', '1');
    expect(w.upstream.asked).toContain('manifest bytes b');
  });

  it('keeps nothing that is larger than itself, and hands it on', async () => {
    await using w = await world({ maxBytes: 1_000 });
    const layer = 'z'.repeat(2_000);
    w.upstream.image('app', '1', [layer]);
    const path = `/v2/hub/app/blobs/${digestOf(layer)}`;
    expect(await (await w.call('GET', path)).text()).toBe(layer);
    expect(await (await w.call('GET', path, { range: 'bytes=5-9' })).text()).toBe('zzzzz');
    expect(w.upstream.asked.filter((what) => what.startsWith('blob'))).toHaveLength(2);
  });

  it('counts what is there from before, in the order it was used then', async () => {
    const driver = new MemoryDriver();
    {
      await using w = await world({}, { driver });
      for (const name of ['a', 'b']) w.upstream.image(name, '1', [name.repeat(900)]);
      await w.pull('hub/b', '1');
      await w.pull('hub/a', '1');
      await w.pull('hub/b', '1');
      await w.server.close(0);
    }
    await using w = await world({ maxBytes: 2_000 }, { driver });
    await vi.waitFor(async () => {
      const { repositories } = (await (await w.call('GET', '/wharf/v1/repositories')).json()) as {
        repositories: { name: string }[];
      };
      expect(repositories.map(({ name }) => name)).toEqual(['hub/b']);
    }, patiently);
    expect((await w.call('HEAD', `/v2/hub/b/blobs/${digestOf('b'.repeat(900))}`)).status).toBe(200);
    expect(w.upstream.asked).toEqual([]);
  });

  it('counts no more what went away, once a collection is done', async () => {
    const driver = new MemoryDriver();
    await using w = await world({}, { driver });
    w.upstream.image('app', '1', ['layer']);
    await w.pull('hub/app', '1');
    const used = async (): Promise<number | undefined> => {
      const space = (await (await w.call('GET', '/wharf/v1/space')).json()) as { caches: { usedBytes: number }[] };
      return space.caches[0]?.usedBytes;
    };
    const before = (await used()) ?? 0;
    expect(before).toBeGreaterThan('layer'.length);
    await driver.remove(layerFolder('hub/app', digestOf('layer')));
    await w.server.collectGarbage();
    await vi.waitFor(async () => expect(await used()).toBe(before - 'layer'.length), patiently);
  });
});

it('settings of a cache need somebody who speaks to the upstream', async () => {
  const settings = { caches: [{ prefix: '', upstream: 'https://up.example' }] };
  await expect(createRegistryServer({ driver: new MemoryDriver(), settings })).rejects.toThrow('can be no cache');
});
