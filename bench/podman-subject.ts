/** podman with storage of its own; its API comes from `podman system service`. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProgram, until } from '../test-world/run-program.ts';
import { processesNaming } from './processes.ts';
import type { Subject } from './subject.ts';

const usualPlaces = ['/usr/bin/podman', '/usr/local/bin/podman'];

/** Undefined when podman is not installed or does not run here. `given`: how another one is called, words apart by spaces. */
export async function podmanSubject(registryHost: string, given?: string): Promise<Subject | undefined> {
  const words = given?.split(' ') ?? usualPlaces.filter((file) => existsSync(file)).slice(0, 1);
  const [podman, ...before] = words.filter((word) => word !== '');
  if (podman === undefined) return undefined;
  const root = mkdtempSync(path.join(tmpdir(), 'bp-'));
  const registries = path.join(root, 'registries.conf');
  writeFileSync(registries, `[[registry]]\nlocation = "${registryHost}"\ninsecure = true\n`);
  const settings = path.join(root, 'containers.conf');
  // Its own default is more than a process may have here.
  writeFileSync(settings, '[containers]\ndefault_ulimits = ["nofile=1024:16384", "nproc=16384:16384"]\n');
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: root,
    TMPDIR: root,
    CONTAINERS_REGISTRIES_CONF: registries,
    CONTAINERS_CONF: settings,
  };
  // Debian's crun refuses hybrid hosts.
  const base = [
    ...before,
    '--root',
    path.join(root, 'data'),
    '--runroot',
    path.join(root, 'run'),
    '--cgroup-manager',
    'cgroupfs',
    '--runtime',
    'runc',
  ];
  const socket = path.join(root, 'podman.sock');
  const image = `${registryHost}/library/busybox:latest`;
  const clear = () => rmSync(root, { recursive: true, force: true });
  const pulled = await runProgram(podman, [...base, 'pull', '-q', image], { env, timeoutMs: 60_000 });
  const tried = await runProgram(podman, [...base, 'run', '--rm', image, 'true'], { env });
  if (pulled.code !== 0 || tried.code !== 0) {
    console.log(`podman is left out: ${pulled.stderr}${tried.stderr}`.trim());
    clear();
    return undefined;
  }
  const service = spawn(podman, [...base, 'system', 'service', '--time', '0', `unix://${socket}`], {
    env,
    stdio: 'ignore',
  });
  await until(
    () => existsSync(socket),
    10_000,
    () => 'podman system service did not start',
  );
  const { stdout } = await runProgram(podman, [...before, 'version', '--format', '{{.Client.Version}}'], { env });
  return {
    name: 'podman',
    version: stdout.trim(),
    commands: [{ name: 'podman', argv: (args) => [podman, ...base, ...args], env }],
    socket,
    image,
    largeImage: `${registryHost}/library/nginx:latest`,
    registryHost,
    pids: () => processesNaming(root, [service.pid ?? -1]),
    respawn: undefined,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => service.once('exit', resolve));
      service.kill('SIGTERM');
      await gone;
      await runProgram(podman, [...base, 'rm', '-af'], { env });
      const points = execFileSync('findmnt', ['-rno', 'TARGET'], { encoding: 'utf8' }).split('\n');
      for (const point of points.filter((each) => each.startsWith(`${root}/`)).reverse())
        execFileSync('umount', ['-l', point]);
      clear();
    },
  };
}
