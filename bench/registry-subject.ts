/** Registry servers on folders of their own: ours, and CNCF distribution where it is installed. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../test-world/run-program.ts';
import { startRegistry } from '../test-world/test-registry.ts';
import type { RegistrySubject } from './subject.ts';

export async function wharfRegistry(): Promise<RegistrySubject> {
  const root = mkdtempSync(path.join(tmpdir(), 'br-'));
  const registry = await startRegistry({ root });
  return {
    name: 'wharf registry',
    host: registry.host,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const usualPlaces = ['/usr/bin/docker-registry', '/usr/bin/registry'];

/** Undefined when it is not installed. `given`: how another one is called, words apart by spaces. */
export async function distributionRegistry(given?: string): Promise<RegistrySubject | undefined> {
  const [program, ...words] = given?.split(' ') ?? usualPlaces.filter((file) => existsSync(file)).slice(0, 1);
  if (program === undefined) return undefined;
  const root = mkdtempSync(path.join(tmpdir(), 'bn-'));
  const host = `127.0.0.1:${await freePort()}`;
  const settings = path.join(root, 'config.yml');
  writeFileSync(
    settings,
    `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${root}/data}, delete: {enabled: true}}\nhttp: {addr: "${host}"}\n`,
  );
  const child = spawn(program, [...words, 'serve', settings], { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  await until(
    () =>
      fetch(`http://${host}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    20_000,
    () => 'CNCF distribution does not answer',
  );
  return {
    name: 'CNCF distribution',
    host,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await gone;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
