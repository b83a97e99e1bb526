/** The real registry in a process of its own, on a free port, with its data in a folder of the world. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { runProgram, startProgram } from './run-program.ts';

export const projectRoot = path.resolve(import.meta.dirname, '..');
const server = path.join(projectRoot, 'out/registry/server.mjs');

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly pid: number;
}

export interface TestRegistryOptions {
  readonly root: string;
  /** Asks for these on every request. */
  readonly user?: { readonly name: string; readonly password: string };
}

export async function startRegistry(options: TestRegistryOptions): Promise<TestRegistry> {
  if (!existsSync(server)) throw new Error('the registry is not built: run `npm run build`');
  await mkdir(options.root, { recursive: true });
  const args = [server, 'serve', '--listen', '127.0.0.1:0', '--root', options.root, '--quiet'];
  if (options.user !== undefined) {
    const htpasswd = path.join(options.root, 'htpasswd');
    const { name, password } = options.user;
    const added = await runProgram(process.execPath, [server, 'user', 'add', '--htpasswd', htpasswd, name], {
      input: `${password}\n`,
    });
    if (added.code !== 0) throw new Error(`the registry's user was not made: ${added.stderr}`);
    args.push('--htpasswd', htpasswd);
  }
  const program = startProgram(process.execPath, args);
  await program.saw(/listening on \S+/);
  const host = /listening on http:\/\/(\S+?)\/?\s/.exec(`${program.stdout()}\n`)?.[1];
  if (host === undefined) throw new Error(`the registry does not say where it listens: ${program.stdout()}`);
  return {
    host,
    pid: program.pid,
    async [Symbol.asyncDispose]() {
      program.child.kill('SIGTERM');
      const late = setTimeout(() => program.child.kill('SIGKILL'), 5000);
      const { code, stderr } = await program.ended;
      clearTimeout(late);
      if (code !== 0) throw new Error(`the registry ended with code ${code}: ${stderr}`);
    },
  };
}
