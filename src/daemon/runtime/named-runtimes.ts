/** OCI runtimes by name: crun and runc as they were found, and those that the daemon's settings add. */
import { spawnSync } from 'node:child_process';
import { WharfError } from '../../contract/errors.ts';
import { type CgroupMode, detectCgroupMode } from '../linux/cgroup.ts';
import { runtimeEnvironment } from './runtime-command.ts';
import {
  type FoundRuntime,
  findExecutable,
  hidingPrefix,
  type RuntimeName,
  type RuntimeProbe,
} from './runtime-probe.ts';

/** The path of a program that takes the arguments of crun and runc. */
export interface NamedRuntime {
  readonly path: string;
  /** Before those. */
  readonly args: readonly string[];
}

export interface RuntimeChoice {
  /**
   * undefined and containerd's name of runc's shim mean the daemon's own choice; so do crun and runc where they are missing,
   * for clients ask for `runc` by habit.
   * @throws WharfError 'runtime.missing' for names that nobody knows, and for programs that can not be run
   */
  byName(name: string | undefined): FoundRuntime;
  /**
   * `runtime`, or another one where that can not do what the mounts ask for: on a hybrid host crun works in a mount namespace
   * of its own, and what a container mounts would never come out on the host, however shared it is.
   */
  forMounts(runtime: FoundRuntime, mounts: readonly { readonly options?: readonly string[] }[]): FoundRuntime;
}

/** @param configured asked at each use: SIGHUP may have changed it */
export function createRuntimeChoice(
  probe: RuntimeProbe,
  configured: () => Readonly<Record<string, NamedRuntime>>,
): RuntimeChoice {
  const probed = new Map<string, FoundRuntime>();
  return {
    byName(name) {
      if (name === undefined || name === '' || name === 'io.containerd.runc.v2') return probe.chosen;
      const definition = configured()[name];
      if (definition === undefined) {
        const found = probe.found.find((runtime) => runtime.name === name);
        if (found !== undefined) return found;
        if (name === 'crun' || name === 'runc') return probe.chosen;
        throw new WharfError('runtime.missing', `unknown or invalid runtime name: ${name}`, { status: 400 });
      }
      const key = JSON.stringify([name, definition]);
      const known = probed.get(key) ?? probeNamed(name, definition);
      probed.set(key, known);
      return known;
    },
    forMounts(runtime, mounts) {
      const comesOut = mounts.some(({ options }) => options?.some((option) => /^r?shared$/.test(option)) === true);
      if (!comesOut || probe.cgroupMode !== 'hybrid' || !isCrun(runtime)) return runtime;
      return probe.found.find((found) => found.name === 'runc') ?? runtime;
    },
  };
}

/** What `--version` begins with says whose habits it has; unknown ones are taken for runc, whose command line others follow. */
function probeNamed(name: string, { path, args }: NamedRuntime): FoundRuntime {
  const resolved = path.includes('/') ? path : (findExecutable(path) ?? path);
  const result = spawnSync(resolved, ['--version'], { encoding: 'utf8', timeout: 5000, env: runtimeEnvironment() });
  const why = result.error?.message ?? (result.status === 0 ? undefined : `--version fails: ${result.stderr.trim()}`);
  if (why !== undefined) {
    throw new WharfError('runtime.missing', `use the runtime ${name} (${path}): ${why}`, {
      hint: "Check its path under `runtimes` in the daemon's settings.",
    });
  }
  const version = /version:? ([^\s]+)/.exec(result.stdout)?.[1] ?? 'unknown';
  const kind = result.stdout.startsWith('crun') ? 'crun' : 'runc';
  const start = startOf(kind, resolved, detectCgroupMode());
  return { name, kind, path: resolved, version, command: start.command, prefix: [...start.prefix, ...args] };
}

function startOf(kind: RuntimeName, path: string, mode: CgroupMode) {
  const unshare = kind === 'crun' && mode === 'hybrid' ? findExecutable('unshare') : undefined;
  return unshare === undefined ? { command: path, prefix: [] } : hidingPrefix(unshare, path);
}

export function isCrun({ name, kind }: FoundRuntime): boolean {
  return (kind ?? name) === 'crun';
}
