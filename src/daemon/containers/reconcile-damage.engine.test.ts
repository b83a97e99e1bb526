import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { containerTestWorld, request, type TestDaemon } from './container-test-world.ts';
import { code, logText } from './test-runs.ts';

const signal = AbortSignal.timeout(120_000);

const listed = async ({ containers }: TestDaemon) => {
  const all = await containers.list({ all: true, size: true, filters: new Map() }, { signal });
  return Object.fromEntries(all.map(({ Names, State }) => [Names[0]?.slice(1), State]));
};

test('the daemon starts over damaged rows, roots, networks and volumes; what they belong to says so and can be removed', async () => {
  await using world = await containerTestWorld();
  const before = await world.daemon();
  const create = async (name: string, volume?: string) =>
    (
      await before.containers.create(
        request(['sh', '-c', 'echo out; sleep 1000'], { HostConfig: volume ? { Binds: [`${volume}:/v`] } : {} }),
        { name, signal },
      )
    ).Id;
  const ids = {
    badState: await create('bad-state'),
    badRecord: await create('bad-record'),
    noRoot: await create('no-root'),
    badRoot: await create('bad-root'),
    noFolder: await create('no-folder'),
    badVolume: await create('bad-volume', 'data'),
    live: await create('live'),
    whole: await create('whole'),
  };
  for (const id of [ids.noRoot, ids.badRoot, ids.noFolder]) {
    await before.containers.start(id, { signal });
    await before.containers.kill(id, {});
    await before.containers.wait(id, { condition: 'not-running', signal }).then(({ result }) => result);
  }
  await before.containers.start(ids.live, { signal });
  await before[Symbol.asyncDispose]();

  using db = new DatabaseSync(join(world.root, 'wharf.db'));
  db.prepare('UPDATE containers SET state = \'{"kind":\' WHERE id = ?').run(ids.badState);
  db.prepare("UPDATE containers SET record = '[]' WHERE id = ?").run(ids.badRecord);
  db.exec("UPDATE volumes SET record = 'x'");
  db.exec("UPDATE networks SET record = '{}'");
  db.exec("INSERT INTO network_sandboxes VALUES ('nobody', 'x')");
  const roots = join(world.root, 'snapshots/containers');
  rmSync(join(roots, ids.noRoot), { recursive: true });
  writeFileSync(join(roots, ids.badRoot, 'snapshot.json'), '');
  rmSync(join(world.root, 'containers', ids.noFolder), { recursive: true });
  mkdirSync(join(world.root, 'exec/containers', 'half-made'), { recursive: true });

  await using after = await world.daemon();
  expect(await listed(after)).toEqual({
    'bad-state': 'dead',
    'bad-record': 'dead',
    'no-root': 'exited',
    'bad-root': 'exited',
    'no-folder': 'exited',
    'bad-volume': 'created',
    live: 'running',
    whole: 'created',
  });
  const { containers } = after;
  const state = async (id: string) => (await containers.inspect(id, { size: true, signal })).State;
  expect((await state(ids.badState)).Error).toContain('can not be read');
  expect((await state(ids.badRecord)).Error).toContain('can not be read');
  for (const id of [ids.noRoot, ids.badRoot]) {
    await expect(containers.start(id, { signal })).rejects.toThrow('are gone from the engine');
    expect((await state(id)).Error).toContain('are gone from the engine');
  }
  expect(await code(containers.start(ids.badState, { signal }))).toBe('container.busy');
  expect(await logText(after, ids.noFolder)).toBe('');
  for (const id of [ids.noFolder, ids.badVolume, ids.whole]) {
    expect(await containers.start(id, { signal })).toBe('started');
  }
  for (const id of Object.values(ids)) await containers.remove(id, { force: true, volumes: false });
  expect(await listed(after)).toEqual({});
});

test('after the exec root went with the machine, what ran has ended with 255 and policies start it again', async () => {
  await using world = await containerTestWorld();
  const before = await world.daemon();
  const start = async (name: string, policy: string) => {
    const { Id } = await before.containers.create(
      request(['sleep', '1000'], { HostConfig: { RestartPolicy: { Name: policy } } }),
      { name, signal },
    );
    await before.containers.start(Id, { signal });
    return Id;
  };
  const plain = await start('plain', 'no');
  const always = await start('always', 'always');
  // The processes of one went with it, those of the other run on unknown, as when somebody empties /run.
  const pids = await Promise.all(
    [plain, always].map(async (id) => (await before.containers.inspect(id, { size: false, signal })).State.Pid),
  );
  await before[Symbol.asyncDispose]();
  const [plainPid = 0, alwaysPid = 0] = pids;
  process.kill(plainPid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 500));
  rmSync(join(world.root, 'exec/containers'), { recursive: true });
  rmSync(join(world.root, 'exec/exits'), { recursive: true });
  rmSync(join(world.root, 'exec/runtime'), { recursive: true });

  await using after = await world.daemon();
  const { State } = await after.containers.inspect(plain, { size: false, signal });
  expect(State).toMatchObject({ Status: 'exited', ExitCode: 255 });
  await expect
    .poll(async () => (await after.containers.inspect(always, { size: false, signal })).State.Status, { timeout: 5000 })
    .toBe('running');
  expect(existsSync(`/proc/${alwaysPid}`)).toBe(false);
});
