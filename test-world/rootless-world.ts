/**
 * An ordinary user with an engine of their own: made for the test, removed after it, with everything of theirs.
 *
 *   <root>/home   HOME    <root>/run   XDG_RUNTIME_DIR    <root>/w   this checkout, seen by the user's processes only
 *
 * The user's processes start in a mount namespace of their own, where the checkout can be read whatever stands above it, and
 * /dev/net/tun is open to everybody, as udev leaves it on users' machines.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dockerCommand } from './engine-world.ts';
import { type Outcome, type ProgramOptions, runProgram, type StartedProgram, startProgram } from './run-program.ts';
import { projectRoot } from './test-registry.ts';

export interface RootlessWorld extends AsyncDisposable {
  readonly user: string;
  readonly uid: number;
  readonly root: string;
  readonly socket: string;
  readonly runtimeDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Starts `wharfd --rootless` as the user; resolves when the API answers. */
  start(flags?: readonly string[]): Promise<void>;
  /** The parent's process; the engine's is in its pidfile. */
  readonly parent: StartedProgram;
  enginePid(): number;
  /** What keeps the namespaces, and what carries their network. */
  supportPids(): readonly number[];
  /** `wharfd` as the user, to its end. */
  wharfd(flags: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** As `wharfd`, on a machine whose /etc/subuid and /etc/subgid are empty. */
  withoutRanges(flags: readonly string[]): Promise<Outcome>;
  docker(args: readonly string[], options?: ProgramOptions): Promise<Outcome>;
  /** Standard output of a docker command that must succeed. */
  said(...args: readonly string[]): Promise<string>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number>;
  /** What is left of the engine: one line for each process of the user, and each file in the runtime directory. */
  leftovers(): readonly string[];
}

const wanted = ['useradd', 'userdel', 'setpriv', 'unshare', 'newuidmap', 'newgidmap'];
const folders = (process.env.PATH ?? '').split(':');
export const isInstalled = (tool: string): boolean => folders.some((folder) => existsSync(path.join(folder, tool)));

/** Why such worlds can not be made here; undefined when they can. */
export const rootlessObstacle = [
  ...(dockerCommand === undefined ? ['docker'] : []),
  ...wanted.filter((tool) => !isInstalled(tool)),
  ...(isInstalled('slirp4netns') || isInstalled('pasta') ? [] : ['slirp4netns or pasta']),
].join(', ');

/** As root, in the mount namespace; then the user's program takes its place. $5 is a control group to go into, or empty. */
const enterScript = [
  'if [ -n "$5" ]; then echo $$ > "$5/cgroup.procs"; fi',
  'mount --rbind "$1" "$2"',
  'mount -t tmpfs tmpfs "$3"',
  'mknod -m 0666 "$3/tun" c 10 200',
  'if [ -e /dev/net/tun ]; then mount --bind "$3/tun" /dev/net/tun; fi',
  'user=$4',
  'shift 5',
  'exec setpriv --reuid "$user" --regid "$user" --init-groups --inh-caps=-all "$@"',
].join(' && ');

/** @param options.delegated the user's processes start in a v2 control group that is the user's, as systemd's Delegate=yes makes it */
export async function rootlessWorld(
  registryHost: string,
  options: { readonly delegated?: boolean } = {},
): Promise<RootlessWorld> {
  const root = await mkdtemp('/tmp/wr-');
  await chmod(root, 0o755);
  const user = path
    .basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, 'x');
  const home = path.join(root, 'home');
  const runtimeDir = path.join(root, 'run');
  const seen = path.join(root, 'w');
  const device = path.join(root, 'dev');
  for (const folder of [home, runtimeDir, seen, device]) await mkdir(folder, { mode: 0o700 });
  await must(runProgram('useradd', ['--no-create-home', '--home-dir', home, '--shell', '/bin/sh', user]));
  const uid = Number((await must(runProgram('id', ['-u', user]))).trim());
  for (const folder of [home, runtimeDir]) chownSync(folder, uid, uid);
  const group = options.delegated === true ? delegatedGroup(user, uid) : '';
  const socket = path.join(runtimeDir, 'wharf/wharf.sock');
  const env = { PATH: process.env.PATH ?? '', HOME: home, XDG_RUNTIME_DIR: runtimeDir, LANG: 'C' };
  const client = {
    ...env,
    HOME: path.join(root, 'client'),
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CLI_HINTS: 'false',
  };
  const asUser = (command: readonly string[]) => [
    ...['--mount', '--propagation', 'slave', '--', '/bin/sh', '-c', enterScript, 'sh'],
    ...[projectRoot, seen, device, user, group, ...command],
  ];
  const flagsOf = (flags: readonly string[]) => [
    ...[`${seen}/bin/wharfd`, '--rootless', '--registry-mirror', `http://${registryHost}`],
    ...flags,
  ];
  let parent: StartedProgram | undefined;
  const docker = (args: readonly string[], options?: ProgramOptions) =>
    runProgram(dockerCommand ?? 'docker', args, { env: client, ...options });
  const world: RootlessWorld = {
    user,
    uid,
    root,
    socket,
    runtimeDir,
    env,
    get parent() {
      if (parent === undefined) throw new Error('the engine was not started');
      return parent;
    },
    enginePid: () => Number(readFileSync(path.join(runtimeDir, 'wharf/wharfd.pid'), 'utf8')),
    supportPids() {
      const state = JSON.parse(readFileSync(path.join(runtimeDir, 'wharf/rootless.json'), 'utf8'));
      return [state.holder.pid, state.network.process.pid];
    },
    async start(flags = []) {
      const started = startProgram('unshare', asUser(flagsOf(flags)), { env });
      parent = started;
      const early = started.ended.then(({ code, stderr }) => {
        throw new Error(`wharfd --rootless ended with code ${code}:\n${stderr}`);
      });
      early.catch(() => {});
      await Promise.race([started.saw(/^API listening on unix/m, 40_000), early]);
    },
    wharfd: (flags, given) => runProgram('unshare', asUser([`${seen}/bin/wharfd`, ...flags]), { env: given ?? env }),
    async withoutRanges(flags) {
      const empty = path.join(root, 'empty');
      await writeFile(empty, '');
      const hide = 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec unshare "$@"';
      const args = ['--mount', '--', '/bin/sh', '-c', hide, 'sh', empty, ...asUser([`${seen}/bin/wharfd`, ...flags])];
      return runProgram('unshare', args, { env });
    },
    docker,
    async said(...args) {
      const { code, stdout, stderr } = await docker(args);
      if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${stderr}`);
      return stdout.trim();
    },
    async stop() {
      world.parent.child.kill('SIGTERM');
      return (await world.parent.ended).code;
    },
    leftovers: () => [...processesOf(uid), ...filesIn(runtimeDir)],
    async [Symbol.asyncDispose]() {
      try {
        if (parent?.child.exitCode === null && parent.child.signalCode === null) await world.stop();
      } finally {
        for (const line of processesOf(uid)) endProcess(Number(/^process (\d+)/.exec(line)?.[1]));
        await expect0(() => processesOf(uid).length, 10_000);
        await runProgram('userdel', [user]);
        if (group !== '') rmdirSync(group);
        await rm(root, { recursive: true, force: true });
      }
    },
  };
  return world;
}

/** Where the v2 tree is; undefined on a machine that has none. */
export const unifiedTree = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((folder) =>
  existsSync(path.join(folder, 'cgroup.controllers')),
);

function delegatedGroup(user: string, uid: number): string {
  const folder = path.join(unifiedTree ?? '', user);
  mkdirSync(folder);
  for (const name of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'])
    chownSync(path.join(folder, name), uid, uid);
  return folder;
}

async function must(running: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

async function expect0(count: () => number, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (count() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Of the user and of the numbers the user may give out. Zombies that nobody fetched are not alive. */
function processesOf(uid: number): string[] {
  const granted = readFileSync('/etc/subuid', 'utf8');
  const name = /^([^:]+):[^:]*:(\d+):/m;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => Number(text.split(':')[2]) === uid);
  const owner = name.exec(line ?? '')?.[1];
  const range = granted
    .split('\n')
    .map((text) => text.split(':'))
    .find(([who]) => who === owner);
  const first = Number(range?.[1] ?? -1);
  const count = Number(range?.[2] ?? 0);
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const owned = statSync(`/proc/${pid}`).uid;
      if (owned !== uid && !(owned >= first && owned < first + count)) return [];
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return [];
      return [`process ${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
    } catch {
      return [];
    }
  });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `file ${name}`);
}

/** A folder for $PATH with some tools of this machine only. */
export async function pathWith(folder: string, tools: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const tool of tools) {
    const from = folders.map((place) => path.join(place, tool)).find((file) => existsSync(file));
    if (from !== undefined) await symlink(from, path.join(folder, tool));
  }
  return folder;
}
