/**
 * The namespaces an ordinary user's engine lives in, and who keeps them.
 *
 *     wharfd --rootless (parent, the host's namespaces)
 *       ├─ holder: sleep(1) in new user, mount, network, IPC and cgroup namespaces; ends only when nothing runs there
 *       ├─ pasta or slirp4netns: carries the network namespace's traffic
 *       └─ nsenter -> wharfd (the engine, root in there) ── conmon ── containers
 *
 * 1. What runs in containers never depends on parent or engine: both may be killed, containers and network go on.
 * 2. A start looks for namespaces of an earlier one first (the holder on record, else any process that still lives there)
 *    and goes into them again; two sets for one exec root can not be.
 * 3. The namespaces end when the engine has ended and nobody but the holder and the network is left inside.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WharfError } from '../../contract/errors.ts';
import { identifyProcess, isProcessAlive, type ProcessIdentity, readProcessStat } from '../linux/process.ts';
import { type IdMaps, writeIdMaps } from './id-ranges.ts';

const unshareLimitMs = 10_000;
/** For unshare(1) and nsenter(1). The process namespace stays the host's: pidfiles and conmon's reports mean the same in both. */
const kinds = ['--user', '--mount', '--net', '--ipc', '--cgroup'] as const;

/** @throws WharfError 'host.unsupported' | 'kernel.denied' when this machine lets users make no such namespaces */
export async function createHolder(maps: IdMaps): Promise<ProcessIdentity> {
  // slave: what the host mounts later appears inside, what it unmounts goes; nothing of ours leaves.
  const child = spawn('unshare', [...kinds, '--propagation', 'slave', '--', 'sleep', 'infinity'], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 4096) stderr += chunk.toString();
  });
  let failure: string | undefined;
  child.on('error', (error) => {
    failure = error.message;
  });
  child.on('exit', () => {
    failure ??= stderr.trim() || 'it ended at once';
  });
  const { pid } = child;
  const deadline = Date.now() + unshareLimitMs;
  while (failure === undefined && (pid === undefined || commandOf(pid) !== 'sleep')) {
    if (Date.now() > deadline) failure = 'it took too long';
    else await delay(2);
  }
  const identity = pid === undefined ? undefined : identifyProcess(pid);
  if (failure !== undefined || identity === undefined) {
    child.kill('SIGKILL');
    throw unshareFailure(failure ?? 'it ended at once');
  }
  child.stderr.destroy();
  child.unref();
  try {
    writeIdMaps(identity.pid, maps);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return identity;
}

function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/comm`).trim();
}

/** Which of the kernel's switches stands in the way. */
function unshareFailure(why: string): WharfError {
  const attempted = `--rootless: make a user namespace (unshare ${kinds.join(' ')}): ${why}`;
  const setting = (name: string) => textOf(`/proc/sys/${name}`).trim();
  if (setting('kernel/unprivileged_userns_clone') === '0')
    return denied(attempted, 'As root: sysctl -w kernel.unprivileged_userns_clone=1');
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1')
    return denied(
      attempted,
      'AppArmor forbids it. As root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give unshare a profile with `userns,`.',
    );
  if (setting('user/max_user_namespaces') === '0')
    return denied(attempted, 'As root: sysctl -w user.max_user_namespaces=28633');
  return denied(attempted, 'unshare(1) of util-linux must be installed and user namespaces be allowed.');
}

function denied(message: string, hint: string): WharfError {
  return new WharfError('host.unsupported', message, { hint });
}

/** nsenter(1) into all of them as root of the user namespace, then `command`. */
export function enterArguments(member: ProcessIdentity, command: readonly string[]): readonly string[] {
  return ['--target', String(member.pid), ...kinds, '--setuid', '0', '--setgid', '0', '--', ...command];
}

/** Another holder for namespaces that lost theirs while containers live on in them. */
export async function createHolderBeside(member: ProcessIdentity): Promise<ProcessIdentity> {
  const child = spawn('nsenter', enterArguments(member, ['sleep', 'infinity']), {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  });
  child.on('error', () => undefined);
  child.unref();
  const deadline = Date.now() + unshareLimitMs;
  while (child.pid !== undefined && child.exitCode === null && Date.now() < deadline) {
    const identity = identifyProcess(child.pid);
    if (identity !== undefined && commandOf(child.pid) === 'sleep') return identity;
    await delay(2);
  }
  throw new WharfError('kernel.failed', `--rootless: enter the namespaces of process ${member.pid}`, { hint: '' });
}

/**
 * Somebody who lives in the namespaces of the last start when their holder is gone: a container's conmon, told by the exec
 * root in its arguments.
 */
export function findMember(execRoot: string): ProcessIdentity | undefined {
  const own = namespaceOf(process.pid, 'user');
  for (const pid of processIds()) {
    const isOurs = textOf(`/proc/${pid}/cmdline`).includes(`${execRoot}/`) && commandOf(pid) === 'conmon';
    const namespace = isOurs ? namespaceOf(pid, 'user') : undefined;
    if (namespace !== undefined && namespace !== own) return identifyProcess(pid);
  }
  return undefined;
}

/** Who lives in the user namespace of `member`, itself included. One that ended but that nobody fetched does not. */
export function membersBeside(member: ProcessIdentity): readonly number[] {
  const namespace = isProcessAlive(member) ? namespaceOf(member.pid, 'user') : undefined;
  if (namespace === undefined) return [];
  return processIds().filter((pid) => namespaceOf(pid, 'user') === namespace && readProcessStat(pid)?.state !== 'Z');
}

/** `user:[4026532817]`; undefined for processes that are gone or that this user may not look at. */
function namespaceOf(pid: number, kind: 'user'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

function processIds(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
