import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

/** MiB the process itself holds, shared pages counted in full. */
function residentMiB(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1024;
}

/** Does `work` for each number below `count`, some at the same time. */
async function each(count: number, atOnce: number, work: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < count; at = next++) await work(at);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

describe.skipIf(dockerCommand === undefined)('many containers', () => {
  const { world, said } = engineFile({ pulled: ['busybox'] });
  const remove = (id: string) => world().engine.call('ContainerDelete', { params: { id }, query: { force: true } });
  const create = (name: string, cmd: readonly string[]) =>
    world().engine.call('ContainerCreate', { query: { name }, body: { Image: 'busybox', Cmd: [...cmd] } });

  it('200 run at the same time, on one network, each with an address of its own', { timeout: 240_000 }, async () => {
    const { engine, daemon } = world();
    await each(200, 10, async (at) => {
      await create(`run-${at}`, ['sleep', '1000']);
      await engine.call('ContainerStart', { params: { id: `run-${at}` } });
    });
    const running = await engine.call('ContainerList', {});
    expect(running).toHaveLength(200);
    const addresses = running.map(({ NetworkSettings }) => NetworkSettings?.Networks?.bridge?.IPAddress);
    expect(new Set(addresses).size).toBe(200);
    expect(await said('exec', 'run-199', 'ping', '-c', '1', '-W', '5', addresses[100] ?? '')).toContain(
      '1 packets received',
    );
    expect(residentMiB(daemon.pid)).toBeLessThan(260);
    await daemon.kill9();
    await daemon.start();
    expect(await engine.call('ContainerList', {})).toHaveLength(200);
    await each(200, 10, (at) => remove(`run-${at}`));
    expect(await engine.call('ContainerList', { query: { all: true } })).toEqual([]);
  });

  it('1,000 created: listed, inspected and there after a restart', { timeout: 240_000 }, async () => {
    const { engine, daemon } = world();
    await each(1000, 10, (at) => create(`made-${at}`, ['true']));
    expect(await engine.call('ContainerList', { query: { all: true } })).toHaveLength(1000);
    expect(residentMiB(daemon.pid)).toBeLessThan(260);
    await daemon.restart();
    expect(await engine.call('ContainerList', { query: { all: true } })).toHaveLength(1000);
    expect((await engine.call('ContainerInspect', { params: { id: 'made-999' } })).State.Status).toBe('created');
    await each(1000, 10, (at) => remove(`made-${at}`));
    expect(await engine.call('ContainerList', { query: { all: true } })).toEqual([]);
  });
});
