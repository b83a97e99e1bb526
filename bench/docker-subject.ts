/** dockerd, private: data, sockets and bridge of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dockerCommand } from '../test-world/engine-world.ts';
import { runProgram, until } from '../test-world/run-program.ts';
import { engineApi } from './engine-api.ts';
import { processesNaming } from './processes.ts';
import type { Subject } from './subject.ts';

const usualPlaces = ['/usr/bin/dockerd', '/usr/sbin/dockerd', '/usr/local/bin/dockerd'];
const bridge = 'bench-docker0';

/** Undefined when dockerd is not installed. `given`: another one, which has to be there. */
export async function dockerSubject(registryHost: string, given?: string): Promise<Subject | undefined> {
  if (given !== undefined && !existsSync(given)) throw new Error(`there is no dockerd at ${given}`);
  const found = given ?? usualPlaces.find((file) => existsSync(file));
  if (found === undefined || dockerCommand === undefined) return undefined;
  const [command, docker] = [found, dockerCommand];
  const root = mkdtempSync(path.join(tmpdir(), 'bd-'));
  const socket = path.join(root, 'docker.sock');
  execFileSync('ip', ['link', 'add', bridge, 'type', 'bridge']);
  execFileSync('ip', ['addr', 'add', '172.31.213.1/24', 'dev', bridge]);
  execFileSync('ip', ['link', 'set', bridge, 'up']);
  let child: ChildProcess | undefined;
  let log = '';

  function launch(): void {
    child = spawn(
      command,
      [
        ...[
          '--data-root',
          path.join(root, 'data'),
          '--exec-root',
          path.join(root, 'exec'),
          '--pidfile',
          path.join(root, 'pid'),
        ],
        ...['--host', `unix://${socket}`, '--bridge', bridge, '--userland-proxy=false'],
        ...['--insecure-registry', registryHost, '--log-level', 'error'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: root } },
    );
    child.stderr?.on('data', (bytes) => {
      log += String(bytes);
    });
  }
  async function end(): Promise<void> {
    const ending = child;
    if (ending === undefined || ending.exitCode !== null) return;
    const gone = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill('SIGTERM');
    await gone;
  }
  const answers = async () => {
    using api = engineApi(socket);
    return await api.call('GET', '/_ping').then(
      ({ status }) => status === 200,
      () => false,
    );
  };

  launch();
  await until(answers, 30_000, () => `dockerd did not answer: ${log}`);
  const env = { PATH: process.env.PATH ?? '', HOME: root, DOCKER_HOST: `unix://${socket}`, DOCKER_CLI_HINTS: 'false' };
  const image = `${registryHost}/library/busybox:latest`;
  const pulled = await runProgram(docker, ['pull', '-q', image], { env, timeoutMs: 60_000 });
  if (pulled.code !== 0) throw new Error(`dockerd does not pull: ${pulled.stderr}`);
  const { stdout } = await runProgram(docker, ['version', '--format', '{{.Server.Version}}'], { env });
  return {
    name: 'docker',
    version: stdout.trim(),
    commands: [{ name: 'docker CLI on dockerd', argv: (args) => [docker, ...args], env }],
    socket,
    image,
    largeImage: `${registryHost}/library/nginx:latest`,
    registryHost,
    pids: () => processesNaming(root, [child?.pid ?? -1]),
    async respawn() {
      await end();
      const spawnedAt = performance.now();
      launch();
      return spawnedAt;
    },
    async [Symbol.asyncDispose]() {
      await end();
      execFileSync('ip', ['link', 'del', bridge]);
      for (const point of mountsBelow(root)) execFileSync('umount', ['-l', point]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function mountsBelow(root: string): readonly string[] {
  const points = execFileSync('findmnt', ['-rno', 'TARGET'], { encoding: 'utf8' }).split('\n');
  return points.filter((point) => point.startsWith(`${root}/`)).reverse();
}
