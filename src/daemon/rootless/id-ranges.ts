/**
 * Which numbers the user may use inside: root there is the user itself, 1 and up are the ranges that /etc/subuid and
 * /etc/subgid grant (subuid(5)). newuidmap(1) and newgidmap(1), which are set-user-ID, write them for us.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { WharfError } from '../../contract/errors.ts';

export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** One line of /proc/<pid>/uid_map. */
export interface IdMapping {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface IdMaps {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/** Fewer, and images with a user `nobody` (65534) can not be unpacked. */
const usualCount = 65_536;

/** The ranges of one user, by name or number, in the file's order. Lines that make no sense are left out. Pure. */
export function parseIdRanges(text: string, user: { readonly name: string; readonly id: number }): readonly IdRange[] {
  return text.split('\n').flatMap((line) => {
    const found = /^([^:#]+):(\d+):(\d+)\s*$/.exec(line);
    const [, owner, first, count] = found ?? [];
    if (owner !== user.name && owner !== String(user.id)) return [];
    return Number(count) > 0 ? [{ first: Number(first), count: Number(count) }] : [];
  });
}

/** Root inside is `own` outside; the ranges follow from 1 on. Pure. */
export function mapIds(own: number, ranges: readonly IdRange[]): readonly IdMapping[] {
  let inside = 1;
  const rest = ranges.map(({ first, count }) => {
    const mapping = { inside, outside: first, count };
    inside += count;
    return mapping;
  });
  return [{ inside: 0, outside: own, count: 1 }, ...rest];
}

/** The highest number that exists inside. Pure. */
export function highestId(mappings: readonly IdMapping[]): number {
  return Math.max(...mappings.map(({ inside, count }) => inside + count - 1));
}

/** @throws WharfError 'host.unsupported' when the user was granted none, telling how that is done */
export function readIdMaps(log: { warn(message: string): void }): IdMaps {
  const { name, uid, gid } = ownIdentity();
  const read = (path: string): readonly IdRange[] => {
    const ranges = parseIdRanges(textOf(path), { name, id: uid });
    if (ranges.length > 0) return ranges;
    throw new WharfError('host.unsupported', `--rootless: ${path} grants no range to user ${name} (${uid})`, {
      hint: `As root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name} (numbers nobody else has).`,
    });
  };
  const maps = { uids: mapIds(uid, read('/etc/subuid')), gids: mapIds(gid, read('/etc/subgid')) };
  if (Math.min(highestId(maps.uids), highestId(maps.gids)) < usualCount - 1)
    log.warn(
      'The ranges in /etc/subuid and /etc/subgid are short: images with higher user numbers can not be unpacked.',
    );
  return maps;
}

/** A user without a line in /etc/passwd has no name; the ranges may be granted to the number. */
function ownIdentity(): { readonly name: string; readonly uid: number; readonly gid: number } {
  try {
    const { username, uid, gid } = userInfo();
    return { name: username, uid, gid };
  } catch {
    const uid = process.getuid?.() ?? -1;
    return { name: String(uid), uid, gid: process.getgid?.() ?? -1 };
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @throws WharfError 'host.unsupported' | 'kernel.denied' */
export function writeIdMaps(pid: number, maps: IdMaps): void {
  for (const [tool, mappings] of [
    ['newuidmap', maps.uids],
    ['newgidmap', maps.gids],
  ] as const) {
    const numbers = mappings.flatMap(({ inside, outside, count }) => [inside, outside, count]).map(String);
    const done = spawnSync(tool, [String(pid), ...numbers], { encoding: 'utf8', timeout: 10_000 });
    if (done.error !== undefined && 'code' in done.error && done.error.code === 'ENOENT') throw missingTool(tool);
    if (done.status === 0) continue;
    const why = done.stderr.trim() || done.error?.message || `exit code ${done.status}`;
    throw new WharfError('kernel.denied', `--rootless: ${tool} ${pid} ${numbers.join(' ')}: ${why}`, {
      cause: done.error,
      hint: `${tool} must be set-user-ID root (or have cap_set${tool === 'newuidmap' ? 'u' : 'g'}id), and the range be the user's in /etc/sub${tool === 'newuidmap' ? 'u' : 'g'}id.`,
    });
  }
}

/** Asked before anything is made. @throws WharfError 'host.unsupported' */
export function checkMapTools(): void {
  for (const tool of ['newuidmap', 'newgidmap']) {
    // Without arguments both print their usage and end with 1.
    const { error } = spawnSync(tool, [], { stdio: 'ignore', timeout: 10_000 });
    if (error !== undefined) throw missingTool(tool);
  }
}

function missingTool(tool: string): WharfError {
  return new WharfError('host.unsupported', `--rootless: ${tool} is not installed`, {
    hint: 'Install it: package uidmap (Debian, Ubuntu), shadow-utils (Fedora), shadow (Arch).',
  });
}
