/**
 * A soak test, for hand: clients work on a real engine while it is killed (kill -9) at random instants and started again.
 *
 *   node test-world/soak.ts [--kills 20] [--seed 1]
 *
 * After each start:  what was acknowledged is there, what was removed is gone; two containers that count go on as the same
 *                    processes.
 * At the end:        their output has every number once, and nothing of the engine is left on the machine (leak-check.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isWharfError } from '../src/contract/errors.ts';
import { type EngineWorld, engineWorld } from './engine-world.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
const kills = Number(values.kills);
const workers = 4;
const countTo = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done';

/** mulberry32: small, and the same everywhere for a seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the engine has said yes to. A name whose fate is unknown, since the answer was cut, is in neither. */
interface Acknowledged {
  readonly containers: Set<string>;
  readonly volumes: Set<string>;
  readonly networks: Set<string>;
  readonly removed: Set<string>;
}

type Work = (world: EngineWorld, known: Acknowledged, name: string) => Promise<void>;

async function remove(
  known: Acknowledged,
  kind: 'containers' | 'volumes' | 'networks',
  name: string,
  work: () => Promise<unknown>,
) {
  known[kind].delete(name);
  await work();
  known.removed.add(`${kind} ${name}`);
}

const drain = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream);
};

const works: readonly Work[] = [
  async ({ engine }, known, name) => {
    const body = {
      Image: 'busybox',
      Cmd: ['sh', '-c', 'echo hi; sleep 1'],
      HostConfig: { PublishAllPorts: true },
      ExposedPorts: { '80/tcp': {} },
    };
    await engine.call('ContainerCreate', { query: { name }, body });
    known.containers.add(name);
    await engine.call('ContainerStart', { params: { id: name } });
    if (name.endsWith('1')) return;
    await remove(known, 'containers', name, () =>
      engine.call('ContainerDelete', { params: { id: name }, query: { force: true, v: true } }),
    );
  },
  async ({ engine }, _, name) => {
    const HostConfig = { AutoRemove: true };
    await engine.call('ContainerCreate', { query: { name }, body: { Image: 'busybox', Cmd: ['true'], HostConfig } });
    await engine.call('ContainerStart', { params: { id: name } });
  },
  async ({ docker }) => {
    await docker(['exec', 'keeper-1', 'sh', '-c', 'echo in; sleep 0.2'], { timeoutMs: 20_000 });
  },
  async ({ docker }) => {
    await docker(['logs', '--tail', '50', 'keeper-2'], { timeoutMs: 20_000 });
  },
  async ({ engine, registryHost }) => {
    await drain(engine.jsonStream('ImageCreate', { query: { fromImage: `${registryHost}/library/big` } }));
    await engine.call('ImageDelete', { params: { name: `${registryHost}/library/big` } });
  },
  async ({ engine }, known, name) => {
    await engine.call('VolumeCreate', { body: { Name: name } });
    known.volumes.add(name);
    if (name.endsWith('1')) return;
    await remove(known, 'volumes', name, () => engine.call('VolumeDelete', { params: { name } }));
  },
  async ({ engine }, known, name) => {
    await engine.call('NetworkCreate', { body: { Name: name } });
    known.networks.add(name);
    await remove(known, 'networks', name, () => engine.call('NetworkDelete', { params: { id: name } }));
  },
];

/** Answers of the API that a killed daemon or another worker explains; anything else is a finding. */
function explained(error: unknown): boolean {
  if (!isWharfError(error)) return true;
  return (
    error.status === undefined || [404, 409].includes(error.status) || /^(engine|transport|daemon)\./.test(error.code)
  );
}

async function keepers(world: EngineWorld): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const id of ['keeper-1', 'keeper-2']) {
    const { State } = await world.engine.call('ContainerInspect', { params: { id } });
    if (!State.Running) throw new Error(`${id} does not run any more: ${JSON.stringify(State)}`);
    pids.push(State.Pid);
  }
  return pids;
}

async function check(world: EngineWorld, known: Acknowledged, pids: readonly number[]): Promise<void> {
  const { engine } = world;
  const now = await keepers(world);
  if (now.join() !== pids.join()) throw new Error(`the keepers are other processes: ${pids} then, ${now} now`);
  const containers = new Set(
    (await engine.call('ContainerList', { query: { all: true } })).flatMap(({ Names }) =>
      Names.map((name) => name.slice(1)),
    ),
  );
  const volumes = new Set(((await engine.call('VolumeList', {})).Volumes ?? []).map(({ Name }) => Name));
  const networks = new Set((await engine.call('NetworkList', {})).map(({ Name }) => Name));
  const there = { containers, volumes, networks };
  for (const kind of ['containers', 'volumes', 'networks'] as const) {
    for (const name of known[kind])
      if (!there[kind].has(name)) throw new Error(`${kind}: ${name} was acknowledged and is lost`);
    for (const name of there[kind])
      if (known.removed.has(`${kind} ${name}`)) throw new Error(`${kind}: ${name} was removed and is back`);
  }
}

async function counted(world: EngineWorld, id: string): Promise<number> {
  await world.docker(['stop', '-t', '0', id]);
  const { stdout } = await world.docker(['logs', id], { timeoutMs: 60_000 });
  const numbers = stdout.trim().split('\n').map(Number);
  const wrong = numbers.findIndex((number, index) => number !== index + 1);
  if (wrong !== -1)
    throw new Error(`${id}: its output breaks at line ${wrong + 1}: ${numbers.slice(wrong - 2, wrong + 3)}`);
  return numbers.length;
}

async function soak(): Promise<void> {
  const seed = Number(values.seed);
  const random = randomOf(seed);
  await using world = await engineWorld({ pulled: ['busybox'] });
  for (const id of ['keeper-1', 'keeper-2'])
    await world.docker(['run', '-d', '--name', id, 'busybox', 'sh', '-c', countTo]);
  const pids = await keepers(world);
  const known: Acknowledged = { containers: new Set(), volumes: new Set(), networks: new Set(), removed: new Set() };
  const findings: string[] = [];
  let stopped = false;
  let done = 0;
  const client = async (worker: number) => {
    const choose = randomOf(seed * 1000 + worker);
    for (let turn = 0; !stopped; turn++) {
      const work = works[Math.floor(choose() * works.length)];
      try {
        await work?.(world, known, `w${worker}-${turn}`);
        done++;
      } catch (error) {
        if (!explained(error)) findings.push(String(error));
        await delay(20);
      }
    }
  };
  const clients = Array.from({ length: workers }, (_, worker) => client(worker));
  for (let kill = 1; kill <= kills; kill++) {
    await delay(200 + random() * 2500);
    await world.daemon.kill9();
    await world.daemon.start();
    await check(world, known, pids);
    console.log(
      `kill ${kill}: ${done} works done, ${known.containers.size} containers kept, ${findings.length} findings`,
    );
  }
  stopped = true;
  await Promise.all(clients);
  await check(world, known, pids);
  console.log(`counted ${await counted(world, 'keeper-1')} and ${await counted(world, 'keeper-2')} lines, none lost`);
  const warnings = world.daemon
    .log()
    .split('\n')
    .filter((line) => /level=(warn|error)/.test(line));
  console.log(`${warnings.length} warnings in the daemon's log`);
  for (const line of new Set(warnings.map((text) => text.replace(/time=\S+ /, '').slice(0, 300))))
    console.log(`  ${line}`);
  for (const finding of findings) console.log(`finding: ${finding}`);
  if (findings.length > 0) process.exitCode = 1;
}

await soak();
