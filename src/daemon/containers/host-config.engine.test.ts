import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostConfig } from '../../contract/engine-types.ts';
import { containerTestWorld, request, type TestDaemon, type TestWorld } from './container-test-world.ts';
import { runToEnd, testSignal as signal } from './test-runs.ts';

let world: TestWorld;
let daemon: TestDaemon;

beforeAll(async () => {
  world = await containerTestWorld();
  daemon = await world.daemon();
});
afterAll(() => world[Symbol.asyncDispose]());

const output = async (line: string, HostConfig: HostConfig) =>
  (await runToEnd(daemon, request(['sh', '-c', line], { HostConfig }))).stdout;

async function background(line: string, HostConfig: HostConfig): Promise<string> {
  const { Id } = await daemon.containers.create(request(['sh', '-c', line], { HostConfig }), { signal });
  await daemon.containers.start(Id, { signal });
  return Id;
}

const startOf = async (HostConfig: HostConfig) => {
  const { Id } = await daemon.containers.create(request(['true'], { HostConfig }), { signal });
  return daemon.containers.start(Id, { signal });
};

describe('shared memory', () => {
  test('is really shared with whom joins, through a restart of the daemon too', async () => {
    const donor = await background('echo from the donor > /dev/shm/mark; sleep 1000', {
      IpcMode: 'shareable',
      ShmSize: 2 ** 21,
    });
    const joined = { IpcMode: `container:${donor}` };
    await expect.poll(() => output('cat /dev/shm/mark', joined)).toBe('from the donor\n');
    await daemon[Symbol.asyncDispose]();
    daemon = await world.daemon();
    expect(await output('cat /dev/shm/mark', joined)).toBe('from the donor\n');
    await daemon.containers.remove(donor, { force: true, volumes: false });
  });

  test('is nobody else’s when private, and not there at all with none', async () => {
    const donor = await background('sleep 1000', {});
    await expect(startOf({ IpcMode: `container:${donor}` })).rejects.toMatchObject({
      message: `failed to join IPC namespace: container ${donor}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      status: 400,
    });
    expect(await output('ls /dev/shm 2>/dev/null || echo none', { IpcMode: 'none' })).toBe('none\n');
    await daemon.containers.remove(donor, { force: true, volumes: false });
  });
});

describe('what only the start can refuse leaves a created container and Docker’s words', () => {
  test.each<[HostConfig, string]>([
    [{ Sysctls: { 'vm.swappiness': '1' } }, 'sysctl "vm.swappiness" is not in a separate kernel namespace'],
    [{ Ulimits: [{ Name: 'odd', Soft: 1, Hard: 1 }] }, 'wrong rlimit value: RLIMIT_ODD'],
    [{ CpuShares: 1 }, 'the minimum allowed cpu-shares is 2'],
    [
      { DeviceRequests: [{ Capabilities: [['gpu']], Count: -1 }] },
      'could not select device driver "" with capabilities: [[gpu]]',
    ],
    [{ Devices: [{ PathOnHost: '/dev/nope' }] }, 'adding custom device "/dev/nope": no such file or directory'],
    [{ GroupAdd: ['odd'] }, 'unable to find group odd: no matching entries in group file'],
    [{ DeviceCgroupRules: ['odd'] }, "invalid device cgroup rule format: 'odd'"],
  ])('%j', async (hostConfig, message) => {
    const { Id } = await daemon.containers.create(request(['true'], { HostConfig: hostConfig }), { signal });
    await expect(daemon.containers.start(Id, { signal })).rejects.toMatchObject({
      message: expect.stringContaining(message),
      status: 500,
    });
    const { State } = await daemon.containers.inspect(Id, { size: false, signal });
    expect(State).toMatchObject({ Status: 'created', ExitCode: 128, Error: expect.stringContaining(message) });
  });
});

test('an endless quota is none, at create and in an update, and so is a limit of processes', async () => {
  expect(await output('echo runs', { CpuQuota: -1 })).toBe('runs\n');
  const id = await background('sleep 1000', { CpuQuota: 20_000, PidsLimit: 50 });
  await daemon.containers.update(id, { CpuQuota: -1, PidsLimit: -1 });
  const { HostConfig } = await daemon.containers.inspect(id, { size: false, signal });
  expect(HostConfig).toMatchObject({ CpuQuota: -1, PidsLimit: 0 });
  await expect(daemon.containers.update(id, { NanoCpus: 1e9, CpuShares: 1 })).rejects.toThrow(
    'the minimum allowed cpu-shares is 2',
  );
  await daemon.containers.remove(id, { force: true, volumes: false });
});

test('a kill between two runs ends the restarts', async () => {
  const id = await background('exit 3', { RestartPolicy: { Name: 'always' } });
  const state = async () => (await daemon.containers.inspect(id, { size: false, signal })).State;
  // The waits double: at last one is long enough to be seen in.
  await expect.poll(async () => (await state()).Status, { timeout: 20_000 }).toBe('restarting');
  await daemon.containers.kill(id, {});
  expect(await state()).toMatchObject({ Status: 'exited', Running: false, Restarting: false });
});
