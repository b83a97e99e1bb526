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
import { isWharfError } from '../../src/contract/errors.ts';
import { type EngineWorld, engineWorld } from '../engine-world.ts';
import { until } from '../run-program.ts';
import { Keepers } from './keepers.ts';
import { Ledger } from './ledger.ts';
import { randomOf } from './random.ts';
import { clearUp, type WorkScope, works } from './works.ts';

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
  const clients = new Clients(world, ledger, archive, seed, findings);
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

/** Works one after the other, each client for itself, whatever becomes of the engine meanwhile. */
class Clients {
  done = 0;
  readonly #world: EngineWorld;
  readonly #ledger: Ledger;
  readonly #archive: string;
  readonly #seed: number;
  readonly #findings: string[];
  #stopped = false;
  #running: readonly Promise<void>[] = [];

  constructor(world: EngineWorld, ledger: Ledger, archive: string, seed: number, findings: string[]) {
    this.#world = world;
    this.#ledger = ledger;
    this.#archive = archive;
    this.#seed = seed;
    this.#findings = findings;
  }

  start(count: number): void {
    this.#running = Array.from({ length: count }, (_, at) => this.#work(at));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #work(client: number): Promise<void> {
    const random = randomOf(this.#seed * 1000 + client);
    /** Works whose answer was cut. */
    const inDoubt: WorkScope[] = [];
    for (let turn = 0; !this.#stopped; turn++) {
      const work = works[Math.floor(random() * works.length)];
      const finding = (text: string) => void this.#findings.push(text);
      const shared = { world: this.#world, ledger: this.#ledger, archive: this.#archive, random, finding };
      const scope: WorkScope = { ...shared, name: `w${client}-${turn}` };
      try {
        for (const left of inDoubt.splice(0)) await clearUp(left);
        await work?.(scope);
        this.done++;
      } catch (error) {
        inDoubt.push(scope);
        if (!explained(error)) finding(`${work?.name}: ${String(error)}`);
        await delay(20);
      }
    }
  }
}

/** What a killed daemon explains, or another client who works on the same image; anything else is a finding. */
function explained(error: unknown): boolean {
  if (!isWharfError(error)) return true;
  const { status, code } = error;
  return status === undefined || [404, 409].includes(status) || /^(engine|transport|daemon)\./.test(code);
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
