/**
 * Clients pull, push, load, import, commit, save, prune and remove while the engine is killed (kill -9) at random instants.
 *
 * After each start:      what was answered is there (ledger.ts).
 * Every few kills:       while it is dead, all blobs are hashed and all layers compared with fresh ones (store-check.ts).
 * At the end:            with everything removed nothing is left of the store, and nothing of the engine (leak-check.ts).
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type EngineWorld, engineWorld } from '../engine-world.ts';
import { pushImages } from '../fixture-images.ts';
import { Clients } from './clients.ts';
import { Ledger } from './ledger.ts';
import { randomOf } from './random.ts';
import { checkStore } from './store-check.ts';
import { makeBases, storeClients, storeImages, storeWorks } from './store-works.ts';

export interface StoreKillsResult {
  readonly worksDone: number;
  readonly findings: readonly string[];
  /** How often an image, a blob and a layer was looked at. */
  readonly looked: { readonly images: number; readonly blobs: number; readonly layers: number };
}

export async function runStoreKills(options: {
  readonly kills: number;
  readonly seed: number;
  readonly maxPauseMs?: number;
  /** Kills between two looks into the store. */
  readonly lookEvery?: number;
  readonly say?: (line: string) => void;
}): Promise<StoreKillsResult> {
  const { kills, seed, maxPauseMs = 900, lookEvery = 5, say = () => undefined } = options;
  const random = randomOf(seed);
  const findings: string[] = [];
  const looked = { images: 0, blobs: 0, layers: 0 };
  await using world = await engineWorld({ images: 'none' });
  await pushImages(world.registryHost, storeImages());
  await makeBases(world);
  const ledger = new Ledger();
  const none = async () => undefined;
  const clients = new Clients({ world, ledger, archive: '', seed, findings, works: storeWorks, clearUp: none });
  clients.start(storeClients);
  for (let kill = 1; kill <= kills && findings.length === 0; kill++) {
    await delay(random() * maxPauseMs);
    await world.daemon.kill9();
    if (kill % lookEvery === 0 || kill === kills) {
      const check = await checkStore(world.dataRoot);
      findings.push(...check.findings);
      for (const key of ['images', 'blobs', 'layers'] as const) looked[key] += check[key];
      say(
        `kill ${kill}: ${clients.done} works done; ${check.images} images, ${check.blobs} blobs, ${check.layers} layers`,
      );
    }
    await world.daemon.start();
    findings.push(...(await ledger.broken(world)));
  }
  await clients.stop();
  findings.push(...(await ledger.broken(world)), ...(await leftOfStore(world)));
  return { worksDone: clients.done, findings, looked };
}

async function leftOfStore(world: EngineWorld): Promise<readonly string[]> {
  await world.clear();
  await world.engine.call('ImagePrune', { query: { filters: { dangling: ['false'] } } });
  return ['content/blobs/sha256', 'content/ingest', 'snapshots/overlay/layers', 'snapshots/overlay/incoming']
    .map((folder) => path.join(world.dataRoot, folder))
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : []))
    .map((left) => `left in the data root: ${left}`);
}
