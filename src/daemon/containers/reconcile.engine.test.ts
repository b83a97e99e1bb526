import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { ContainerState } from './container-state.ts';
import { containerTestWorld, request } from './container-test-world.ts';

const signal = AbortSignal.timeout(120_000);
const restart = { count: 0, delayMs: 0 };
const last = { startedAtMs: 1, end: { exitCode: 0, finishedAtMs: 2, oomKilled: false, message: '' }, restart };

test('what a crash left half-done is finished or undone at the next start', async () => {
  await using world = await containerTestWorld();
  const before = await world.daemon();
  const create = async (name: string, autoRemove = false) =>
    (
      await before.containers.create(request(['sleep', '1000'], { HostConfig: { AutoRemove: autoRemove } }), {
        name,
        signal,
      })
    ).Id;
  const ids = {
    starting: await create('starting'),
    removing: await create('removing'),
    noRoot: await create('no-root'),
    runOnce: await create('run-once', true),
    lost: await create('lost'),
    stranger: await create('stranger'),
    live: await create('live'),
  };
  await before.containers.start(ids.live, { signal });
  await before[Symbol.asyncDispose]();

  // As if the daemon had died at these points.
  const crashed: Record<string, ContainerState> = {
    [ids.starting]: { kind: 'starting', from: undefined, restart },
    [ids.removing]: { kind: 'removing', last },
    [ids.lost]: { kind: 'running', pid: 4_000_000, startedAtMs: 1, previousFinishedAtMs: undefined, restart },
    [ids.live]: { kind: 'starting', from: undefined, restart },
  };
  using db = new DatabaseSync(join(world.root, 'wharf.db'));
  for (const [id, state] of Object.entries(crashed)) {
    db.prepare('UPDATE containers SET state = ? WHERE id = ?').run(JSON.stringify(state), id);
  }
  db.prepare('DELETE FROM containers WHERE id = ?').run(ids.stranger);
  rmSync(join(world.root, 'snapshots/containers', ids.noRoot), { recursive: true });
  mkdirSync(join(world.root, 'containers/half-made'), { recursive: true });

  const after = await world.daemon();
  const names = new Map(
    (await after.containers.list({ all: true, size: false, filters: new Map() }, { signal })).map((container) => [
      container.Names[0],
      container.State,
    ]),
  );
  expect(Object.fromEntries(names)).toEqual({ '/starting': 'created', '/lost': 'exited', '/live': 'running' });
  const state = async (id: string) => (await after.containers.inspect(id, { size: false, signal })).State;
  expect(await state(ids.starting)).toMatchObject({
    ExitCode: 128,
    Error: expect.stringContaining('the daemon ended'),
  });
  expect(await state(ids.lost)).toMatchObject({ ExitCode: 255, Running: false });
  expect((await state(ids.live)).Pid).toBeGreaterThan(0);
  for (const id of [ids.removing, ids.noRoot, ids.runOnce, ids.stranger]) {
    expect(existsSync(join(world.root, 'snapshots/containers', id))).toBe(false);
    expect(existsSync(join(world.root, 'containers', id))).toBe(false);
  }
  expect(existsSync(join(world.root, 'containers/half-made'))).toBe(false);
  expect(await after.containers.start(ids.starting, { signal })).toBe('started');
  expect(after.warnings).toEqual([]);
});
