import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readDefaultSeccompProfile, readHostFacts } from './host-facts.ts';
import { haveRuntime, never, type RunOptions, runtimeWorld } from './runtime-test-world.ts';
import { compileSeccomp } from './seccomp.ts';
import { defaultCapabilities } from './spec-defaults.ts';

const profile = readDefaultSeccompProfile(
  fileURLToPath(new URL('../../../resources/seccomp/default.json', import.meta.url)),
);
const seccomp = compileSeccomp(profile, defaultCapabilities, readHostFacts().seccomp);

for (const name of ['crun', 'runc'] as const) {
  describe.skipIf(!haveRuntime())(`a container confined by ${name}`, () => {
    async function outputOf(script: string, options: RunOptions = {}): Promise<string> {
      await using world = await runtimeWorld(name);
      await world.run('c1', ['/bin/busybox', 'sh', '-c', script], { seccomp, ...options });
      await world.runtime.waitExit('c1', { signal: never });
      return world.output('c1');
    }

    it('has the default capabilities and a filter, and may make no namespace', async () => {
      const text = await outputOf(
        'busybox grep -E "^(CapEff|CapBnd|Seccomp):" /proc/self/status; busybox unshare -m true',
      );
      expect(text).toContain('CapEff:\t00000000a80425fb');
      expect(text).toContain('CapBnd:\t00000000a80425fb');
      expect(text).toContain('Seccomp:\t2');
      expect(text).toContain('Operation not permitted');
    });

    it('keeps the filter when it is reused, and for processes started later', async () => {
      await using world = await runtimeWorld(name);
      for (const id of ['c1', 'c2', 'c3']) {
        await world.run(id, ['/bin/busybox', 'grep', 'Seccomp:', '/proc/self/status'], { seccomp });
        await world.runtime.waitExit(id, { signal: never });
        expect(await world.output(id)).toBe('Seccomp:\t2\n');
      }
      await world.run('c4', ['/bin/sleep', '1000'], { seccomp });
      const process = world.spec('exec', ['/bin/busybox', 'grep', 'Seccomp:', '/proc/self/status']).process;
      const session = await world.runtime.exec('c4', { process, attachStdin: false, signal: never });
      let text = '';
      session.stderr?.resume();
      for await (const chunk of session.stdout) text += chunk;
      expect(text).toBe('Seccomp:\t2\n');
    });

    it('sees no masked file, writes no sysctl, and runs as the user it is given', async () => {
      const script =
        'cat /proc/interrupts | wc -c; echo x > /proc/sys/kernel/hostname; id -u; id -g; id -G; cat /etc/none';
      const text = await outputOf(script, { user: { uid: 1000, gid: 1001, additionalGids: [1001, 33] } });
      expect(text).toMatch(/^0\n/);
      // Line by line: its two streams come in any order.
      expect(text.split('\n')).toEqual(expect.arrayContaining(['1000', '1001', '1001 33']));
      expect(text).toMatch(/hostname: (Read-only file system|Permission denied)/);
    });

    it('can not write to a root that is read-only, but to its tmpfs', async () => {
      const text = await outputOf('touch /x; touch /tmp/y && echo made', {
        readonlyRootfs: true,
        tmpfs: { '/tmp': 'size=1m' },
      });
      expect(text).toContain('/x: Read-only file system');
      expect(text).toContain('made');
    });

    it('gets its limits from the kernel', async () => {
      const text = await outputOf('ulimit -n; ulimit -Hn', { ulimits: [{ name: 'nofile', soft: 100, hard: 200 }] });
      expect(text).toBe('100\n200\n');
    });
  });
}
