/** A runtime over an exec root of its own with a busybox root file system, for the engine tests of this folder. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createContainerLog } from '../logs/file-container-log.ts';
import { createRuntime, type RuntimeOptions } from './conmon-runtime.ts';
import { readHostFacts } from './host-facts.ts';
import type { Runtime, RuntimeSpec } from './runtime.ts';
import type { RuntimeName } from './runtime-probe.ts';
import { buildRuntimeSpec, type RuntimeSpecInput } from './runtime-spec.ts';

const applets = 'sh echo cat printf sleep seq ls stty true false yes head id env mount dd kill tr wc sync touch'.split(
  ' ',
);

export interface RuntimeWorld extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly folder: string;
  readonly rootfs: string;
  /** Another daemon's view of the same exec root, as after a restart. */
  reopen(): Promise<Runtime>;
  spec(id: string, args: readonly string[], change?: Partial<RuntimeSpecInput>): RuntimeSpec;
  logPath(id: string): string;
  /** Creates and starts; the container is removed at the end of the world. */
  run(id: string, args: readonly string[], options?: RunOptions): Promise<{ pid: number; conmonPid: number }>;
  create(id: string, args: readonly string[], options?: RunOptions): Promise<{ pid: number; conmonPid: number }>;
  output(id: string): Promise<string>;
}

export interface RunOptions extends Partial<RuntimeSpecInput> {
  readonly runtimeName?: string;
  readonly openStdin?: boolean;
  readonly stdinOnce?: boolean;
}

export const never: AbortSignal = new AbortController().signal;

export function haveRuntime(): boolean {
  return process.getuid?.() === 0 && existsSync('/bin/busybox');
}

export async function runtimeWorld(
  preference?: RuntimeName,
  more: Pick<RuntimeOptions, 'createLimitMs' | 'namedRuntimes'> = {},
): Promise<RuntimeWorld> {
  const folder = mkdtempSync(`${tmpdir()}/wharf-runtime-`);
  const rootfs = `${folder}/rootfs`;
  makeRootfs(rootfs);
  const cgroupParent = `/wharf-test-${process.pid}`;
  const open = () => createRuntime({ execRoot: folder, cgroupParent, runtimePreference: preference, ...more });
  const runtime = await open();
  const facts = readHostFacts();
  const logPath = (id: string) => `${folder}/${id}.log`;
  const spec = (id: string, args: readonly string[], change: Partial<RuntimeSpecInput> = {}) =>
    buildRuntimeSpec({ ...baseInput(id, args, rootfs, cgroupParent), ...change }, facts);
  const create = (
    id: string,
    args: readonly string[],
    { openStdin, stdinOnce, runtimeName, ...change }: RunOptions = {},
  ) =>
    runtime.create(id, {
      spec: spec(id, args, change),
      runtimeName,
      openStdin: openStdin ?? false,
      stdinOnce: stdinOnce ?? false,
      logPath: logPath(id),
      signal: never,
    });
  return {
    runtime,
    folder,
    rootfs,
    reopen: open,
    spec,
    logPath,
    create,
    run: async (id, args, options) => {
      const created = await create(id, args, options);
      await runtime.start(id, { signal: never });
      return created;
    },
    output: (id) => readAll(logPath(id)),
    [Symbol.asyncDispose]: async () => {
      for (const id of await runtime.list()) await runtime.remove(id);
      rmSync(folder, { recursive: true, force: true });
      runtime[Symbol.dispose]();
    },
  };
}

function makeRootfs(rootfs: string): void {
  for (const name of ['bin', 'proc', 'dev', 'sys', 'tmp', 'etc']) mkdirSync(`${rootfs}/${name}`, { recursive: true });
  copyFileSync('/bin/busybox', `${rootfs}/bin/busybox`);
  for (const applet of applets) symlinkSync('busybox', `${rootfs}/bin/${applet}`);
}

function baseInput(id: string, args: readonly string[], rootfsPath: string, cgroupParent: string): RuntimeSpecInput {
  return {
    id,
    args,
    env: ['PATH=/bin', 'HOME=/'],
    cwd: '/',
    user: { uid: 0, gid: 0, additionalGids: [0] },
    tty: false,
    rootfsPath,
    readonlyRootfs: false,
    hostname: id.slice(0, 12),
    mounts: [],
    capAdd: [],
    capDrop: [],
    privileged: false,
    noNewPrivileges: false,
    devices: [],
    deviceCgroupRules: [],
    ulimits: [],
    sysctls: {},
    namespaces: { network: { kind: 'own' }, pid: { kind: 'own' }, ipc: { kind: 'own' }, uts: { kind: 'own' } },
    limits: {},
    cgroupsPath: `${cgroupParent}/${id}`,
  };
}

async function readAll(path: string): Promise<string> {
  const end = { done: () => true, onDone: () => () => undefined };
  let text = '';
  const options = { stdout: true, stderr: true, follow: false, signal: never };
  for await (const entries of createContainerLog(path).read(options, end)) {
    for (const entry of entries) text += Buffer.from(entry.bytes).toString('utf8');
  }
  return text;
}
