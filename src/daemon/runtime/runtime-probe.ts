/**
 * Which OCI runtime runs the containers, and why: crun is preferred (13 ms for a container against runc's 40), runc is
 * taken where crun is missing or does not run here.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { type CgroupMode, detectCgroupMode, hybridMount } from '../linux/cgroup.ts';
import { runtimeEnvironment } from './runtime-command.ts';

export type RuntimeName = 'crun' | 'runc';

/** A runtime that was found to work. `command` starts it, with `prefix` before its own arguments. */
export interface FoundRuntime {
  /** What `--runtime` calls it. */
  readonly name: string;
  /** Whose habits it has, when its name is another. */
  readonly kind?: RuntimeName;
  /** The runtime's own executable. */
  readonly path: string;
  readonly version: string;
  /** What to execute: the runtime itself, or a wrapper that ends in it. */
  readonly command: string;
  readonly prefix: readonly string[];
  /** The same for its `exec`, where that needs no wrapper. */
  readonly forExec?: { readonly command: string; readonly prefix: readonly string[] };
}

export interface RuntimeProbe {
  readonly chosen: FoundRuntime;
  readonly found: readonly FoundRuntime[];
  readonly reason: string;
  readonly conmonPath: string;
  readonly conmonVersion: string;
  readonly cgroupMode: CgroupMode;
}

const searchPath = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/libexec/podman',
];

/** Looks along $PATH and the usual places, since a daemon's $PATH often lacks the sbin folders. */
export function findExecutable(name: string): string | undefined {
  const fromEnvironment = (process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/'));
  for (const folder of [...fromEnvironment, ...searchPath]) {
    const path = `${folder}/${name}`;
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function versionOf(path: string): string | undefined {
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 5000, env: runtimeEnvironment() });
  if (result.status !== 0) return undefined;
  return /version:? ([^\s]+)/.exec(result.stdout)?.[1];
}

/**
 * crun refuses a hybrid host as long as it sees the v2 mount, so there it runs in a mount namespace where an empty tmpfs lies
 * over it. (Taking the mount away instead would let crun make folders below it that nobody removes.) Only the runtime lives
 * in that namespace: conmon stays outside, for it would pin every mount of the host until it ends.
 */
export function hidingPrefix(unsharePath: string, runtimePath: string): { command: string; prefix: string[] } {
  const script = `mount -t tmpfs tmpfs ${hybridMount} && exec "$@"`;
  return {
    command: unsharePath,
    prefix: ['--mount', '--propagation', 'slave', '--', '/bin/sh', '-c', script, 'sh', runtimePath],
  };
}

function findCrun(mode: CgroupMode): FoundRuntime | string {
  const path = findExecutable('crun');
  if (path === undefined) return 'crun is not installed';
  const version = versionOf(path);
  if (version === undefined) return `${path} --version fails`;
  // Without a control group of its own it would look for one to make.
  if (mode === 'none') return { name: 'crun', path, version, command: path, prefix: ['--cgroup-manager=disabled'] };
  if (mode !== 'hybrid') return { name: 'crun', path, version, command: path, prefix: [] };
  const unsharePath = findExecutable('unshare');
  if (unsharePath === undefined)
    return 'crun refuses hybrid control groups, and unshare(1) to hide the v2 tree is not installed';
  const hiding = hidingPrefix(unsharePath, path);
  const trial = spawnSync(hiding.command, [...hiding.prefix, '--version'], { encoding: 'utf8', timeout: 5000 });
  if (trial.status !== 0) {
    return `crun refuses hybrid control groups, and hiding the v2 tree from it failed: ${trial.stderr.trim()}`;
  }
  // Only making a control group is refused; joining one, as `exec` does, is not (1.8 and 1.28), and the wrapper's three
  // programs take half of an exec's time.
  return { name: 'crun', path, version, ...hiding, forExec: { command: path, prefix: [] } };
}

function findRunc(mode: CgroupMode): FoundRuntime | string {
  if (mode === 'none') return 'runc needs control groups, and none were delegated';
  const path = findExecutable('runc');
  if (path === undefined) return 'runc is not installed';
  const version = versionOf(path);
  return version === undefined ? `${path} --version fails` : { name: 'runc', path, version, command: path, prefix: [] };
}

/** @throws WharfError 'runtime.missing' when conmon or every runtime is missing */
export function probeRuntime(preference: RuntimeName | undefined): RuntimeProbe {
  const cgroupMode = detectCgroupMode();
  const conmonPath = findExecutable('conmon');
  if (conmonPath === undefined) throw new WharfError('runtime.missing', 'look for conmon: it is not installed');
  const byName = { crun: findCrun(cgroupMode), runc: findRunc(cgroupMode) };
  const order: readonly RuntimeName[] = preference === 'runc' ? ['runc', 'crun'] : ['crun', 'runc'];
  const found: FoundRuntime[] = [];
  const refused: string[] = [];
  for (const name of order) {
    const candidate = byName[name];
    if (typeof candidate === 'string') refused.push(candidate);
    else found.push(candidate);
  }
  const chosen = found[0];
  if (chosen === undefined) throw new WharfError('runtime.missing', `look for an OCI runtime: ${refused.join('; ')}`);
  return {
    chosen,
    found,
    reason: reasonFor(chosen, preference, refused, cgroupMode),
    conmonPath,
    conmonVersion: versionOf(conmonPath) ?? 'unknown',
    cgroupMode,
  };
}

function reasonFor(
  chosen: FoundRuntime,
  preference: RuntimeName | undefined,
  refused: readonly string[],
  mode: CgroupMode,
): string {
  const hidden =
    chosen.name === 'crun' && mode === 'hybrid' ? ', with the v2 tree of this hybrid host hidden from it' : '';
  if (preference === chosen.name) return `${chosen.name} was asked for${hidden}`;
  if (refused.length > 0 && chosen.name === 'runc') return `runc, because ${refused.join('; ')}`;
  return `crun is preferred for its speed${hidden}`;
}
