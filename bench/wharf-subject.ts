import { dockerCommand, engineWorld, wharfCommand } from '../test-world/engine-world.ts';
import { processesNaming } from './processes.ts';
import type { CommandLine, Subject } from './subject.ts';

export async function wharfSubject(): Promise<Subject> {
  const world = await engineWorld({ images: 'starter', pulled: ['busybox'] });
  const { stdout } = await world.wharf(['version', '--format', '{{.Server.Version}}']);
  const commands: CommandLine[] = [{ name: 'wharf CLI', argv: (args) => [wharfCommand, ...args], env: world.env }];
  if (dockerCommand !== undefined) {
    const docker = dockerCommand;
    commands.unshift({ name: 'docker CLI on wharfd', argv: (args) => [docker, ...args], env: world.env });
  }
  return {
    name: 'wharf',
    version: stdout.trim(),
    commands,
    socket: world.socket,
    image: 'busybox',
    largeImage: `${world.registryHost}/library/nginx:latest`,
    registryHost: world.registryHost,
    pids: () => processesNaming(world.execRoot, [world.daemon.pid]),
    async respawn() {
      await world.daemon.stop();
      const spawnedAt = performance.now();
      await world.daemon.start();
      return spawnedAt;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
