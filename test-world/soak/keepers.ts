/**
 * Containers that must not notice anything: they count, each at its own pace, and their output has to be complete at the
 * end. One more has a restart policy and says each of its starts into a volume.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { EngineWorld } from '../engine-world.ts';
import { until } from '../run-program.ts';

const steady = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done';
const bursts = 'i=0; while :; do n=$((i+400)); while [ $i -lt $n ]; do i=$((i+1)); echo $i; done; sleep 0.1; done';
const counters = [
  { name: 'steady', options: [], script: steady },
  { name: 'bursts', options: [], script: bursts },
  // Its oldest lines go; those that stay have no gap.
  { name: 'rotating', options: ['--log-opt', 'max-size=64k', '--log-opt', 'max-file=3'], script: bursts },
] as const;
const restarting = 'restarting';

export class Keepers {
  readonly #world: EngineWorld;
  readonly #pids = new Map<string, number>();
  #starts = 1;

  private constructor(world: EngineWorld) {
    this.#world = world;
  }

  static async start(world: EngineWorld): Promise<Keepers> {
    const keepers = new Keepers(world);
    for (const { name, options, script } of counters)
      await run(world, ['--name', name, ...options, 'busybox', 'sh', '-c', script]);
    const saysStart = 'echo start >> /v/starts; sleep 100000';
    await run(world, [
      '--name',
      restarting,
      '--restart',
      'always',
      '-v',
      'starts:/v',
      'busybox',
      'sh',
      '-c',
      saysStart,
    ]);
    for (const name of [...counters.map((counter) => counter.name), restarting])
      keepers.#pids.set(name, await keepers.#pid(name));
    return keepers;
  }

  /** While the daemon is down: ends the container with the restart policy, which then must start once. */
  endRestarting(): void {
    process.kill(this.#pids.get(restarting) ?? -1, 'SIGKILL');
    this.#pids.delete(restarting);
    this.#starts++;
  }

  /** One line for each keeper that is not the process it was, or did not start as often as it should. */
  async findings(): Promise<readonly string[]> {
    const found: string[] = [];
    if (!this.#pids.has(restarting)) await this.#awaitRestart(found);
    for (const [name, pid] of this.#pids) {
      const now = await this.#pid(name);
      if (now !== pid) found.push(`${name} was process ${pid} and is ${now}`);
    }
    const starts = this.#startsSeen();
    if (starts !== this.#starts) found.push(`${restarting} started ${starts} times instead of ${this.#starts}`);
    return found;
  }

  /** Ends the counters; answers how many lines each had, or throws when one is missing. */
  async count(): Promise<readonly number[]> {
    const counts: number[] = [];
    for (const { name } of counters) {
      await this.#world.docker(['stop', '-t', '0', name]);
      const { stdout } = await this.#world.docker(['logs', name], { timeoutMs: 120_000 });
      const lines = stdout.trim().split('\n');
      const first = name === 'rotating' ? Number(lines[0]) : 1;
      const wrong = lines.findIndex((line, at) => Number(line) !== first + at);
      if (wrong !== -1) {
        const around = lines.slice(Math.max(0, wrong - 2), wrong + 3);
        throw new Error(`${name}: its output breaks at line ${wrong + 1}: ${around}`);
      }
      counts.push(lines.length);
    }
    return counts;
  }

  async #awaitRestart(found: string[]): Promise<void> {
    try {
      await until(
        async () => (await this.#pid(restarting)) > 0 && this.#startsSeen() >= this.#starts,
        15_000,
        () => `${restarting} did not start again`,
      );
    } catch (error) {
      found.push(String(error));
    }
    this.#pids.set(restarting, await this.#pid(restarting));
  }

  #startsSeen(): number {
    const file = path.join(this.#world.dataRoot, 'volumes/starts/_data/starts');
    return readFileSync(file, 'utf8').trim().split('\n').length;
  }

  async #pid(name: string): Promise<number> {
    const { State } = await this.#world.engine.call('ContainerInspect', { params: { id: name } });
    return State.Running ? State.Pid : 0;
  }
}

async function run(world: EngineWorld, args: readonly string[]): Promise<void> {
  const { code, stderr } = await world.docker(['run', '-d', ...args], { timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`a keeper does not run: ${stderr}`);
}
