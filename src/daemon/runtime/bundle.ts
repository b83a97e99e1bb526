/**
 * Where a container's volatile files are, and the one record the runtime layer keeps of it.
 *
 *   <exec-root>/containers/<id>/   the OCI bundle: config.json, wharf.json (the record), pid, conmon.pid,
 *                                  attach (conmon's socket), ctl and winsz (conmon's FIFOs), oom
 *   <exec-root>/exits/<id>         the exit code, written by conmon in one rename; its mtime is when it ended
 *   <exec-root>/runtime/<name>/    the OCI runtime's own state (--root)
 *   <exec-root>/tmp/               short-lived sockets and process files
 *
 * The record is written before conmon starts and again when the process is known, each time by rename: a daemon that
 * starts later finds either a whole record or none.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { CgroupPaths } from '../linux/cgroup.ts';
import type { ProcessIdentity } from '../linux/process.ts';

export interface ContainerRecord {
  /** Its name: crun, runc, or one of the daemon's settings. */
  readonly runtime: string;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly logPath: string;
  /** The container's first process; absent until `create` was through. */
  readonly process?: ProcessIdentity;
  readonly conmon?: ProcessIdentity;
  readonly cgroups?: CgroupPaths;
}

export interface RuntimeFolders {
  readonly execRoot: string;
  readonly bundles: string;
  readonly exits: string;
  readonly runtimeState: string;
  readonly temporary: string;
}

export function makeRuntimeFolders(execRoot: string): RuntimeFolders {
  const folders = {
    execRoot,
    bundles: `${execRoot}/containers`,
    exits: `${execRoot}/exits`,
    runtimeState: `${execRoot}/runtime`,
    temporary: `${execRoot}/tmp`,
  };
  // What a daemon that was killed had under way is over; containers have nothing of theirs here.
  rmSync(folders.temporary, { recursive: true, force: true });
  for (const folder of [folders.bundles, folders.exits, folders.runtimeState, folders.temporary]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return folders;
}

export function bundlePath(folders: RuntimeFolders, id: string): string {
  return `${folders.bundles}/${id}`;
}

export function exitPath(folders: RuntimeFolders, id: string): string {
  return `${folders.exits}/${id}`;
}

export function writeRecord(folders: RuntimeFolders, id: string, record: ContainerRecord): void {
  const path = `${bundlePath(folders, id)}/wharf.json`;
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

/** Undefined when the exec root knows no such container, or when its record was cut short by a crash. */
export function readRecord(folders: RuntimeFolders, id: string): ContainerRecord | undefined {
  try {
    return parseRecord(JSON.parse(readFileSync(`${bundlePath(folders, id)}/wharf.json`, 'utf8')));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (!isObject(value)) return undefined;
  const { pid, startTimeTicks } = value;
  return typeof pid === 'number' && typeof startTimeTicks === 'number' ? { pid, startTimeTicks } : undefined;
}

function parseRecord(value: unknown): ContainerRecord | undefined {
  if (!isObject(value) || typeof value.logPath !== 'string') return undefined;
  const cgroups: Record<string, string> = {};
  if (isObject(value.cgroups)) {
    for (const [controller, path] of Object.entries(value.cgroups))
      if (typeof path === 'string') cgroups[controller] = path;
  }
  return {
    runtime: typeof value.runtime === 'string' ? value.runtime : 'crun',
    terminal: value.terminal === true,
    openStdin: value.openStdin === true,
    stdinOnce: value.stdinOnce === true,
    logPath: value.logPath,
    process: parseIdentity(value.process),
    conmon: parseIdentity(value.conmon),
    cgroups: Object.keys(cgroups).length > 0 ? cgroups : undefined,
  };
}

/** What has a bundle, or only an exit that conmon wrote after the bundle was gone. */
export function listKnown(folders: RuntimeFolders): readonly string[] {
  const bundles = readdirSync(folders.bundles, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  // Files on their way to their name have a dot in the one they have.
  const exits = readdirSync(folders.exits).filter((name) => !name.includes('.'));
  return [...new Set([...bundles.map((entry) => entry.name), ...exits])];
}
