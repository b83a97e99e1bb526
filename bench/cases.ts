/** What is done, the same for every subject. Each answers one number a run, in its unit; lower is better. */
import { until } from '../test-world/run-program.ts';
import { createContainer, type EngineApi, engineApi, must } from './engine-api.ts';
import { runQuiet, timedMs } from './measure.ts';
import { memoryBytes } from './processes.ts';
import type { CommandLine, Subject } from './subject.ts';

interface CaseBase {
  readonly name: string;
  readonly unit: 'ms' | 'MiB';
  /** How often, of the number asked for. */
  readonly share: number;
}
/** Measured once for each command line. */
export interface CommandCase extends CaseBase {
  readonly kind: 'command';
  run(subject: Subject, command: CommandLine): Promise<number>;
}
/** Measured once for each engine. Undefined: this subject has no such thing. */
export interface EngineCase extends CaseBase {
  readonly kind: 'engine';
  run(subject: Subject, api: EngineApi): Promise<number | undefined>;
}
export type BenchCase = CommandCase | EngineCase;

const sleeper = (subject: Subject) => ({ Image: subject.image, Cmd: ['sleep', '600'] });
const force = '?force=1&v=1';

async function withRunning<T>(subject: Subject, work: (id: string, api: EngineApi) => Promise<T>): Promise<T> {
  using api = engineApi(subject.socket);
  const id = await createContainer(api, sleeper(subject));
  await must(api, 'POST', `/containers/${id}/start`);
  try {
    return await work(id, api);
  } finally {
    await must(api, 'DELETE', `/containers/${id}${force}`);
  }
}

async function withCreated<T>(subject: Subject, count: number, work: (api: EngineApi) => Promise<T>): Promise<T> {
  const ids: string[] = [];
  {
    using api = engineApi(subject.socket);
    for (let made = 0; made < count; made += 1) ids.push(await createContainer(api, sleeper(subject)));
  }
  // A new connection for the work and for the end: the daemon may be another one by then.
  try {
    using api = engineApi(subject.socket);
    return await work(api);
  } finally {
    using api = engineApi(subject.socket);
    for (const id of ids) await must(api, 'DELETE', `/containers/${id}${force}`);
  }
}

const logLine = 'x'.repeat(79);

export const cases: readonly BenchCase[] = [
  {
    kind: 'command',
    name: 'run --rm busybox echo',
    unit: 'ms',
    share: 1,
    run: (subject, command) => timedMs(() => runQuiet(command, ['run', '--rm', subject.image, 'echo', 'hi'])),
  },
  {
    kind: 'command',
    name: 'run --rm --network host busybox echo',
    unit: 'ms',
    share: 1,
    run: (subject, command) =>
      timedMs(() => runQuiet(command, ['run', '--rm', '--network', 'host', subject.image, 'echo', 'hi'])),
  },
  {
    kind: 'engine',
    name: 'API: create, start, wait, remove',
    unit: 'ms',
    share: 1,
    run: (subject, api) =>
      timedMs(async () => {
        const id = await createContainer(api, { Image: subject.image, Cmd: ['true'] });
        await must(api, 'POST', `/containers/${id}/start`);
        await must(api, 'POST', `/containers/${id}/wait`);
        await must(api, 'DELETE', `/containers/${id}`);
      }),
  },
  {
    kind: 'engine',
    name: 'API: exec echo',
    unit: 'ms',
    share: 1,
    run: (subject) =>
      withRunning(subject, (id, api) =>
        timedMs(async () => {
          const body = { Cmd: ['echo', 'hi'], AttachStdout: true, AttachStderr: true };
          const made: { readonly Id: string } = JSON.parse(await must(api, 'POST', `/containers/${id}/exec`, body));
          await api.runExec(made.Id);
        }),
      ),
  },
  {
    kind: 'command',
    name: 'exec echo',
    unit: 'ms',
    share: 1,
    run: (subject, command) =>
      withRunning(subject, (id) => timedMs(() => runQuiet(command, ['exec', id, 'echo', 'hi']))),
  },
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
  {
    kind: 'command',
    name: 'write 20 MiB of logs and read them',
    unit: 'ms',
    share: 0.3,
    async run(subject, command) {
      using api = engineApi(subject.socket);
      const script = `yes ${logLine} | head -n ${(20 * 1024 * 1024) / 80}`;
      const id = await createContainer(api, { Image: subject.image, Cmd: ['sh', '-c', script] });
      try {
        return await timedMs(async () => {
          await must(api, 'POST', `/containers/${id}/start`);
          await must(api, 'POST', `/containers/${id}/wait`);
          await runQuiet(command, ['logs', id]);
        });
      } finally {
        await must(api, 'DELETE', `/containers/${id}${force}`);
      }
    },
  },
  {
    kind: 'engine',
    name: 'API: list 100 containers',
    unit: 'ms',
    share: 0.2,
    run: (subject) =>
      withCreated(subject, 100, async (api) => {
        const times: number[] = [];
        for (let round = 0; round < 20; round += 1)
          times.push(await timedMs(() => must(api, 'GET', '/containers/json?all=1')));
        return times.toSorted((a, b) => a - b)[10] ?? Number.NaN;
      }),
  },
  {
    kind: 'engine',
    name: 'daemon restart with 50 containers, to the first answer',
    unit: 'ms',
    share: 0.3,
    async run(subject) {
      const { respawn } = subject;
      if (respawn === undefined) return undefined;
      return await withCreated(subject, 50, async () => {
        const startedAt = await respawn();
        await until(
          () => listed(subject.socket),
          60_000,
          () => `${subject.name} did not come back`,
        );
        return performance.now() - startedAt;
      });
    },
  },
  {
    kind: 'engine',
    name: 'memory of the idle engine (PSS of all its processes)',
    unit: 'MiB',
    share: 0.2,
    async run(subject) {
      await settle();
      return memoryBytes(subject.pids(), 'Pss') / 1024 ** 2;
    },
  },
  {
    kind: 'engine',
    name: 'the same with all that is shared counted in full (RSS)',
    unit: 'MiB',
    share: 0.2,
    run: async (subject) => memoryBytes(subject.pids(), 'Rss') / 1024 ** 2,
  },
  {
    kind: 'engine',
    name: 'memory of what watches over one container (PSS)',
    unit: 'MiB',
    share: 0.2,
    async run(subject) {
      const before = new Set(subject.pids());
      return await withRunning(subject, async () => {
        await settle();
        const added = subject.pids().filter((pid) => !before.has(pid));
        return memoryBytes(added, 'Pss') / 1024 ** 2;
      });
    },
  },
];

const settle = () => new Promise((resolve) => setTimeout(resolve, 1500));

async function listed(socket: string): Promise<boolean> {
  using api = engineApi(socket);
  return await api.call('GET', '/containers/json?all=1').then(
    ({ status }) => status === 200,
    () => false,
  );
}
