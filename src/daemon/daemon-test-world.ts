/** For tests of the process itself: wharfd from its sources, in a folder of its own for each test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect } from 'vitest';
import { createEngineClient } from '../client/engine-client.ts';
import { createSocketTransport, parseEngineAddress } from '../client/node/socket-transport.ts';
import type { ClientTls } from '../client/node/tls-socket.ts';

const mainPath = fileURLToPath(new URL('./main.ts', import.meta.url));

/** For `expect.poll`, on a machine that is busy. */
export const patient = { timeout: 30_000, interval: 20 };

export interface TestDaemon {
  readonly process: ChildProcess;
  /** What it wrote so far, both streams. */
  output(): string;
  /** Addresses of its ready lines, when it has written the first. */
  ready(): Promise<readonly string[]>;
  /** The first of them. */
  address(): Promise<string>;
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface StartOptions {
  /** Told apart by it from others of the same test: its roots are `data<name>` and `run<name>`. */
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Becomes descriptor 3, as systemd passes sockets. */
  readonly socketFd?: number;
}

export interface DaemonTestWorld {
  /** Of the test that runs. */
  readonly folder: string;
  /** With `--live-restore=false`, so that its end takes bridges and rules away too. */
  start(argv?: readonly string[], options?: StartOptions): TestDaemon;
}

/** Once in a test file: makes the folder before each test; after it ends what runs, and removes the folder. */
export function daemonTestWorld(): DaemonTestWorld {
  const running = new Set<TestDaemon>();
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wharfd-'));
  });
  afterEach(async () => {
    for (const daemon of running) {
      daemon.process.kill('SIGTERM');
      await daemon.ended;
    }
    running.clear();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    start(argv = [], options = {}) {
      const daemon = startDaemon(folder, argv, options);
      running.add(daemon);
      void daemon.ended.then(() => running.delete(daemon));
      return daemon;
    },
  };
}

function startDaemon(
  folder: string,
  argv: readonly string[],
  { name = '', env = {}, socketFd }: StartOptions,
): TestDaemon {
  const roots = { '--data-root': `${folder}/data${name}`, '--exec-root': `${folder}/run${name}` };
  const missing = Object.entries(roots).filter(([flag]) => !argv.includes(flag));
  const command = [process.execPath, mainPath, ...missing.flat(), '--live-restore=false', ...argv];
  // As systemd does it, the process that is told of the sockets is the one that becomes the daemon.
  const script = socketFd === undefined ? 'exec "$@"' : 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe', ...(socketFd === undefined ? [] : [socketFd])],
    env: { ...process.env, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (text += String(bytes)));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  const ready = async () => {
    await expect.poll(() => text, patient).toMatch(/^API listening on /m);
    return [...text.matchAll(/^API listening on (.*)$/gm)].map(([, address = '']) => address);
  };
  return {
    process: child,
    output: () => text,
    ready,
    address: async () => (await ready())[0] ?? '',
    ended,
  };
}

export const clientOf = (address: string, tls?: ClientTls) =>
  createEngineClient(createSocketTransport(parseEngineAddress(address, tls)));
