import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ExtensionRecord, ExtensionStore } from './extension-store.ts';

let home: string;
let store: ExtensionStore;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'wharf-ext-store-'));
  store = new ExtensionStore(home);
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

const record = (version: string): ExtensionRecord => ({
  ...{
    name: 'acme',
    image: `acme:${version}`,
    imageId: 'sha256:0',
    version,
    title: 'Acme',
    description: '',
    vendor: '',
  },
  ...{ icon: null, ui: null, socket: null, services: [], installedAtMs: 1 },
  granted: {
    ...{ hostBinaries: [], dockerCli: false, sockets: [], mounts: [], volumes: [], ports: [], capabilities: [] },
    ...{ network: 'none', privileged: false },
  },
});

test('an upgrade takes the place of the old one, keeps its audit, and can be undone', async () => {
  await (await store.commit(await store.stage(), record('1'))).forgetOld();
  await store.audit('acme', { atMs: 1, action: 'vm.cli', detail: 'ls', allowed: true });
  const { undo } = await store.commit(await store.stage(), record('2'));
  expect((await store.get('acme')).version).toBe('2');
  expect(await store.readAudit('acme', 10)).toHaveLength(1);
  await undo();
  expect((await store.get('acme')).version).toBe('1');
  expect(await store.readAudit('acme', 10)).toHaveLength(1);
  expect(await readdir(path.join(home, 'extensions'))).toEqual(['acme']);
});

test('what is half staged is not installed', async () => {
  await store.stage();
  expect(await store.list()).toEqual([]);
  await expect(store.get('acme')).rejects.toMatchObject({ code: 'extension.not-found' });
});

test('a damaged record says so', async () => {
  await (await store.commit(await store.stage(), record('1'))).forgetOld();
  await writeFile(path.join(store.folder('acme'), 'extension.json'), '{"name":"acme"}');
  await expect(store.find('acme')).rejects.toThrow('damaged');
});

test('the audit is newest first', async () => {
  await (await store.commit(await store.stage(), record('1'))).forgetOld();
  for (const atMs of [1, 2, 3]) await store.audit('acme', { atMs, action: 'x', detail: '', allowed: true });
  expect((await store.readAudit('acme', 2)).map(({ atMs }) => atMs)).toEqual([3, 2]);
});
