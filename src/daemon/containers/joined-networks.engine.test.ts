import { afterAll, beforeAll, expect, test } from 'vitest';
import { containerTestWorld, request, type TestDaemon, type TestWorld } from './container-test-world.ts';
import { code, logText, testSignal as signal } from './test-runs.ts';

let world: TestWorld;
let daemon: TestDaemon;

beforeAll(async () => {
  world = await containerTestWorld();
  daemon = await world.daemon();
});
afterAll(() => world[Symbol.asyncDispose]());

async function start(name: string, body: Parameters<typeof request>[1], cmd: readonly string[] = ['sleep', '1000']) {
  const { Id } = await daemon.containers.create(request(cmd, body), { name, signal });
  await daemon.containers.start(Id, { signal });
  return Id;
}

const networkOf = async (ref: string) =>
  (await daemon.containers.inspect(ref, { size: false, signal })).NetworkSettings;

test('a link gives the linked container another name, and tells its address in the environment', async () => {
  const db = await start('db', {
    Env: ['SECRET=s'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { NetworkMode: 'bridge' },
  });
  const { IPAddress } = await networkOf(db);
  const web = await start('web', { HostConfig: { NetworkMode: 'bridge', Links: ['db:store'] } }, ['env']);
  expect((await daemon.containers.inspect('web/store', { size: false, signal })).Id).toBe(db);
  for (const unknown of ['web/other', 'db/store', 'web/store/x']) {
    expect(await code(daemon.containers.inspect(unknown, { size: false, signal })), unknown).toBe(
      'container.not-found',
    );
  }
  await expect.poll(() => logText(daemon, web)).toContain('STORE_ENV_SECRET=s\n');
  expect(await logText(daemon, web)).toContain(`STORE_PORT=tcp://${IPAddress}:80\n`);
  await daemon.containers.kill(db, {});
  await expect(daemon.containers.start(web, { signal })).rejects.toThrow(
    'Cannot link to a non running container: /db AS /web/store',
  );
});

test('sandboxes are shown as by dockerd: none of a container with networking disabled or joined to another', async () => {
  const own = await start('own', { HostConfig: { NetworkMode: 'none' } });
  await start('joined', { HostConfig: { NetworkMode: 'container:own' } });
  const disabled = await start('disabled', { NetworkDisabled: true });
  const host = await start('on-host', { HostConfig: { NetworkMode: 'host' } });
  const { SandboxID = '', SandboxKey = '' } = await networkOf(own);
  expect(SandboxKey).toMatch(new RegExp(`/netns/${SandboxID.slice(0, 12)}$`));
  const none = { SandboxID: '', SandboxKey: '', Networks: {} };
  expect(await networkOf('joined')).toMatchObject(none);
  expect(await networkOf(disabled)).toMatchObject(none);
  expect((await networkOf(host)).SandboxKey).toMatch(/\/netns\/default$/);
  const connected = daemon.containers.connectNetwork('bridge', disabled, {});
  await expect(connected).rejects.toThrow(`network sandbox for container ${disabled} not found`);
});
