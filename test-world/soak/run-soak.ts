/**
 * Clients work on a real engine while it is killed (kill -9) at random instants, its own start included, and started again.
 *
 * After each start:  what was answered is so (ledger.ts); the keepers are the same processes (keepers.ts).
 * At the end:        the keepers' output is complete; with everything removed nothing is left in the data root, and nothing
 *                    of the engine on the machine (leak-check.ts).
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type EngineWorld, engineWorld } from '../engine-world.ts';
import { until } from '../run-program.ts';
import { Clients } from './clients.ts';
import { Keepers } from './keepers.ts';
import { Ledger } from './ledger.ts';
import { randomOf } from './random.ts';
import { clearUp, works } from './works.ts';

export interface SoakOptions {
  readonly kills: number;
  readonly seed: number;
  /** Clients that work at the same time. */
  readonly clients?: number;
  /** Longest time between a start and the next kill. */
  readonly maxPauseMs?: number;
  readonly say?: (line: string) => void;
}

export interface SoakResult {
  readonly worksDone: number;
  /** Lines of each counting keeper. */
  readonly counted: readonly number[];
  readonly findings: readonly string[];
  /** Warnings and errors of the daemon, without their times, each once. */
  readonly warnings: readonly string[];
}

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { kills, seed, say = () => undefined } = options;
  const random = randomOf(seed);
  const findings: string[] = [];
  await using world = await engineWorld({ pulled: ['busybox'] });
  const archive = await saveArchive(world);
  const keepers = await Keepers.start(world);
  const ledger = new Ledger();
  const clients = new Clients({ world, ledger, archive, seed, findings, works, clearUp });
  clients.start(options.clients ?? 4);
  for (let kill = 1; kill <= kills; kill++) {
    await delay(random() * (options.maxPauseMs ?? 900));
    await world.daemon.kill9();
    if (kill % 10 === 0) keepers.endRestarting();
    // Every few times it does not even get to its start's end.
    if (random() < 0.15) await killInStart(world, random() * 500);
    await world.daemon.start();
    findings.push(...(await keepers.findings()), ...(await ledger.broken(world)));
    if (kill % 10 === 0 || findings.length > 0)
      say(`kill ${kill}: ${clients.done} works done, ${ledger.kept('container').length} containers kept`);
    if (findings.length > 0) break;
  }
  await clients.stop();
  findings.push(...(await keepers.findings()), ...(await ledger.broken(world)));
  const counted = await keepers.count();
  findings.push(...(await leftInDataRoot(world)));
  return { worksDone: clients.done, counted, findings, warnings: warningsOf(world.daemon.log()) };
}

async function killInStart(world: EngineWorld, afterMs: number): Promise<void> {
  const started = world.daemon.start().catch(() => undefined);
  await delay(afterMs);
  await world.daemon.kill9();
  await started;
}

/** Of an image of two layers that no other work uses. */
async function saveArchive(world: EngineWorld): Promise<string> {
  const file = path.join(world.root, 'archived.tar');
  const { engine } = world;
  await engine.call('ContainerCreate', { query: { name: 'archived' }, body: { Image: 'busybox', Cmd: ['true'] } });
  await engine.call('ImageCommit', { query: { container: 'archived', repo: 'archived', pause: false } });
  await engine.call('ContainerDelete', { params: { id: 'archived' } });
  const { body } = await engine.bytes('ImageGet', { params: { name: 'archived' } });
  writeFileSync(file, Buffer.from(await new Response(body).arrayBuffer()));
  await engine.call('ImageDelete', { params: { name: 'archived' } });
  return file;
}

async function leftInDataRoot(world: EngineWorld): Promise<readonly string[]> {
  const { engine } = world;
  const autoRemoved = async () =>
    (await engine.call('ContainerList', { query: { all: true } })).filter(({ Names }) =>
      Names[0]?.startsWith('/auto-'),
    );
  const left = async () => (await autoRemoved()).map(({ Names, State }) => `${Names[0]} is ${State}, not removed`);
  // Created, but the client never got to its start: those do not remove themselves.
  const isLeft = async () => (await autoRemoved()).every(({ State }) => State === 'created');
  const findings: string[] = [];
  await until(isLeft, 15_000, () => 'containers with --rm did not go').catch(async () =>
    findings.push(...(await left())),
  );
  await world.clear();
  await engine.call('ImagePrune', { query: { filters: { dangling: ['false'] } } });
  for (const folder of ['content/blobs/sha256', 'content/ingest', 'snapshots', 'volumes', 'containers']) {
    const place = path.join(world.dataRoot, folder);
    if (!existsSync(place)) continue;
    for (const entry of readdirSync(place, { recursive: true, withFileTypes: true }))
      if (!entry.isDirectory()) findings.push(`left in the data root: ${path.join(entry.parentPath, entry.name)}`);
  }
  return findings.slice(0, 20);
}

function warningsOf(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => /level=(warn|error)/.test(line));
  return [...new Set(lines.map((line) => line.replace(/^time=\S+ /, '').slice(0, 300)))];
}
