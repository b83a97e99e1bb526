/** The engine itself: how soon it is there and what memory it takes; and what needs a registry. */
import { until } from '../test-world/run-program.ts';
import { type BenchCase, force, sleeper, withCreated } from './case.ts';
import { createContainer, type EngineApi, engineApi, must } from './engine-api.ts';
import { median, runQuiet, timedMs } from './measure.ts';
import { memoryBytes } from './processes.ts';
import type { Subject } from './subject.ts';

const settle = (ms = 1500) => new Promise((resolve) => setTimeout(resolve, ms));
const watchedContainers = 10;
const restarts = 3;

async function listed(socket: string): Promise<boolean> {
  using api = engineApi(socket);
  return await api.call('GET', '/containers/json?all=1').then(
    ({ status }) => status === 200,
    () => false,
  );
}

async function restartMs(subject: Subject, respawn: () => Promise<number>): Promise<number> {
  const startedAt = await respawn();
  await until(
    () => listed(subject.socket),
    120_000,
    () => `${subject.name} did not come back`,
  );
  return performance.now() - startedAt;
}

/** Making the containers takes the longest, so they serve several restarts. */
function restartCase(count: number, share: number, atMost?: BenchCase['atMost']): BenchCase {
  return {
    kind: 'engine',
    name: `daemon start with ${count} stopped containers, to the first list of them`,
    unit: 'ms',
    share,
    atMost,
    async run(subject) {
      const { respawn } = subject;
      if (respawn === undefined) return undefined;
      return await withCreated(subject, count, async () => {
        const times: number[] = [];
        for (let round = 0; round < restarts; round += 1) times.push(await restartMs(subject, respawn));
        return median(times);
      });
    },
  };
}

/** All that grows with it: its monitor, and what the daemon keeps of it. */
async function addedPerContainer(subject: Subject, api: EngineApi): Promise<number> {
  const ids: string[] = [];
  // What the first ones cost once only (code that is loaded, pools that fill) is not a container's.
  for (let round = 0; round < 3; round += 1) {
    const id = await createContainer(api, sleeper(subject));
    await must(api, 'POST', `/containers/${id}/start`);
    await must(api, 'DELETE', `/containers/${id}${force}`);
  }
  await settle();
  const before = memoryBytes(subject.pids(), 'Pss');
  try {
    for (let made = 0; made < watchedContainers; made += 1) {
      const id = await createContainer(api, sleeper(subject));
      ids.push(id);
      await must(api, 'POST', `/containers/${id}/start`);
    }
    await settle();
    return (memoryBytes(subject.pids(), 'Pss') - before) / watchedContainers / 1024 ** 2;
  } finally {
    for (const id of ids) await must(api, 'DELETE', `/containers/${id}${force}`);
  }
}

/** Of the engine alone, started a moment ago, as one finds it. */
async function idleMemory(subject: Subject, kind: 'Pss' | 'Rss'): Promise<number> {
  if (subject.respawn !== undefined) await restartMs(subject, subject.respawn);
  await settle(5000);
  return memoryBytes(subject.pids(), kind) / 1024 ** 2;
}

export const daemonCases: readonly BenchCase[] = [
  {
    kind: 'command',
    name: 'pull nginx from a local registry (45 MB, two layers)',
    unit: 'ms',
    share: 0.3,
    async run(subject, command) {
      await runQuiet(command, ['rmi', '-f', subject.largeImage]).catch(() => undefined);
      return await timedMs(() => runQuiet(command, ['pull', subject.largeImage]));
    },
  },
  restartCase(50, 0.3),
  restartCase(500, 0.12, { ratio: 0.5 }),
  {
    kind: 'engine',
    name: 'memory of the idle engine (PSS of all its processes)',
    unit: 'MiB',
    share: 0.2,
    atMost: { ratio: 0.6 },
    run: (subject) => idleMemory(subject, 'Pss'),
  },
  {
    kind: 'engine',
    name: 'the same with all that is shared counted in full (RSS)',
    unit: 'MiB',
    share: 0.2,
    run: (subject) => idleMemory(subject, 'Rss'),
  },
  {
    kind: 'engine',
    name: 'memory that one running container adds, all of the engine (PSS)',
    unit: 'MiB',
    share: 0.3,
    atMost: { value: 3 },
    run: addedPerContainer,
  },
];
