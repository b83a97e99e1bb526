/** Work on containers. */
import { type BenchCase, force, withCreated, withRunning } from './case.ts';
import { createContainer, type EngineApi, engineApi, must } from './engine-api.ts';
import { median, runQuiet, timedMs } from './measure.ts';
import type { Subject } from './subject.ts';
import { archiveOfFiles } from './upload.ts';

const logLine = 'x'.repeat(79);

async function runToEnd(api: EngineApi, subject: Subject): Promise<void> {
  const id = await createContainer(api, { Image: subject.image, Cmd: ['true'] });
  await must(api, 'POST', `/containers/${id}/start`);
  await must(api, 'POST', `/containers/${id}/wait`);
  await must(api, 'DELETE', `/containers/${id}`);
}

/** Ten created beforehand; the time until the last start was answered. */
async function tenAtOnce(subject: Subject): Promise<number> {
  return await withCreated(subject, 10, async (_, ids) => {
    const apis = ids.map(() => engineApi(subject.socket));
    try {
      return await timedMs(() =>
        Promise.all(ids.map((id, at) => apis[at] && must(apis[at], 'POST', `/containers/${id}/start`))),
      );
    } finally {
      for (const api of apis) api[Symbol.dispose]();
    }
  });
}

/** The middle one of many quick requests. */
async function middleOf(rounds: number, request: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await timedMs(request));
  return median(times);
}

const commandCases: readonly BenchCase[] = [
  {
    kind: 'command',
    name: 'run --rm busybox echo',
    unit: 'ms',
    share: 1,
    atMost: { ratio: 0.3 },
    run: (subject, command) => timedMs(() => runQuiet(command, ['run', '--rm', subject.image, 'echo', 'hi'])),
  },
  {
    kind: 'command',
    name: 'run --rm --network host busybox echo',
    unit: 'ms',
    share: 1,
    atMost: { ratio: 0.3 },
    run: (subject, command) =>
      timedMs(() => runQuiet(command, ['run', '--rm', '--network', 'host', subject.image, 'echo', 'hi'])),
  },
  {
    kind: 'command',
    name: 'exec echo',
    unit: 'ms',
    share: 1,
    atMost: { ratio: 0.6 },
    run: (subject, command) =>
      withRunning(subject, (id) => timedMs(() => runQuiet(command, ['exec', id, 'echo', 'hi']))),
  },
  {
    kind: 'command',
    name: 'write 20 MiB of logs and read them',
    unit: 'ms',
    share: 0.5,
    atMost: { ratio: 0.3 },
    async run(subject, command) {
      const script = `yes ${logLine} | head -n ${(20 * 1024 * 1024) / 80}`;
      using api = engineApi(subject.socket);
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
];

const engineCases: readonly BenchCase[] = [
  {
    kind: 'engine',
    name: 'API: create, start, wait, remove',
    unit: 'ms',
    share: 1,
    atMost: { ratio: 0.25 },
    run: (subject, api) => timedMs(() => runToEnd(api, subject)),
  },
  {
    kind: 'engine',
    name: 'API: ten containers started at once',
    unit: 'ms',
    share: 0.5,
    atMost: { ratio: 0.25 },
    run: tenAtOnce,
  },
  {
    kind: 'engine',
    name: 'API: exec echo',
    unit: 'ms',
    share: 1,
    atMost: { ratio: 0.4 },
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
    kind: 'engine',
    name: 'API: list 100 containers',
    unit: 'ms',
    share: 0.2,
    atMost: { ratio: 0.5 },
    run: (subject) =>
      withCreated(subject, 100, (api) => middleOf(21, () => must(api, 'GET', '/containers/json?all=1'))),
  },
  {
    kind: 'engine',
    name: 'API: inspect one container',
    unit: 'ms',
    share: 0.5,
    atMost: { ratio: 1 },
    run: (subject) => withRunning(subject, (id, api) => middleOf(41, () => must(api, 'GET', `/containers/${id}/json`))),
  },
  {
    kind: 'engine',
    name: 'API: stop of a container whose init ends at once',
    unit: 'ms',
    share: 1,
    atMost: { ratio: 0.3 },
    run: (subject) =>
      withRunning(
        subject,
        async (id, api) => {
          await trapIsSet(api, id);
          return await timedMs(() => must(api, 'POST', `/containers/${id}/stop`));
        },
        { Image: subject.image, Cmd: ['sh', '-c', 'trap "exit 0" TERM; echo set; while :; do sleep 600 & wait; done'] },
      ),
  },
  {
    kind: 'engine',
    name: 'API: 50 MiB copied in as 200 files',
    unit: 'ms',
    share: 0.5,
    atMost: { ratio: 0.6 },
    run: (subject) =>
      withRunning(subject, async (id, api) => {
        const archive = archiveOfFiles({ files: 200, totalBytes: 50 * 1024 * 1024 });
        return await timedMs(() => api.upload(`/containers/${id}/archive?path=/tmp`, archive));
      }),
  },
];

/** Before the shell has set its trap, the signal does nothing to it: it is its namespace's first process. */
async function trapIsSet(api: EngineApi, id: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { text } = await api.call('GET', `/containers/${id}/logs?stdout=1`);
    if (text.includes('set')) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the container does not come to its trap');
}

export const containerCases: readonly BenchCase[] = [...commandCases, ...engineCases];
