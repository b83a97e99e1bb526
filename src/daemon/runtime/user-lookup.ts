/**
 * Who a container's process runs as: Docker's `user[:group]`, names or numbers, looked up in the root's own /etc/passwd
 * and /etc/group.
 */
import { readFileSync, statSync } from 'node:fs';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { openInRoot, openRoot } from '../linux/open-in-root.ts';
import type { SpecUser } from './runtime-spec.ts';

export interface FoundUser extends SpecUser {
  /** Absent when the root's passwd does not know the number. */
  readonly name?: string;
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const maxId = 2 ** 31 - 1;

/** Databases of real images are a few KiB; what is larger is no user database. */
const databaseLimitBytes = 8 * 1024 * 1024;

/**
 * @param user Docker's Config.User; '' is root.
 * @param groupAdd Docker's HostConfig.GroupAdd: more groups by name or number.
 * @throws WharfError 'container.config-invalid' in Docker's words
 */
export function lookupUser(root: string, user: string, groupAdd: readonly string[] = []): FoundUser {
  return findUser(readDatabase(root, 'etc/passwd'), readDatabase(root, 'etc/group'), user, groupAdd);
}

/** The kernel resolves the path inside the root, so no link leads to the host's own files. Absent reads as empty. */
function readDatabase(root: string, path: string): string {
  try {
    using opened = openRoot(root);
    using file = openInRoot(opened, path, { directory: false, follow: true });
    const stat = statSync(file.path);
    // A FIFO or a device in its place would hold up or flood the daemon.
    return stat.isFile() && stat.size <= databaseLimitBytes ? readFileSync(file.path, 'utf8') : '';
  } catch (error) {
    // An image without users: numbers still work.
    if (isWharfError(error)) return '';
    throw error;
  }
}

/** The pure part: the texts of passwd and group come in. */
export function findUser(passwd: string, group: string, user: string, groupAdd: readonly string[] = []): FoundUser {
  const colon = user.indexOf(':');
  const wantedUser = (colon === -1 ? user : user.slice(0, colon)) || '0';
  const wantedGroup = colon === -1 ? '' : user.slice(colon + 1);
  const groups = parseGroup(group);
  const entry = findPasswd(parsePasswd(passwd), wantedUser);
  const uid = entry?.uid ?? parseId(wantedUser, () => noMatch('user', wantedUser, 'passwd'));
  const gid = wantedGroup === '' ? (entry?.gid ?? 0) : findGroup(groups, wantedGroup);
  // With a group given the user's own memberships do not count (moby: GetExecUser).
  const memberships =
    wantedGroup === '' && entry !== undefined
      ? groups.filter((candidate) => candidate.members.includes(entry.name)).map((candidate) => candidate.gid)
      : [];
  const added = groupAdd.map((name) => findGroup(groups, name));
  return {
    uid,
    gid,
    // The primary group is named too, or a process could shed a group that denies it access (CVE-2022-36109).
    additionalGids: [...new Set([gid, ...memberships, ...added])],
    ...(entry === undefined ? {} : { name: entry.name }),
    home: entry?.home || '/',
  };
}

function findPasswd(entries: readonly PasswdEntry[], wanted: string): PasswdEntry | undefined {
  const number = /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  return (
    entries.find((entry) => entry.name === wanted) ??
    (number === undefined ? undefined : entries.find((entry) => entry.uid === number))
  );
}

function findGroup(groups: readonly GroupEntry[], wanted: string): number {
  const number = /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  const found =
    groups.find((entry) => entry.name === wanted) ??
    (number === undefined ? undefined : groups.find((entry) => entry.gid === number));
  return found?.gid ?? parseId(wanted, () => noMatch('group', wanted, 'group'));
}

function noMatch(kind: 'user' | 'group', wanted: string, file: string): WharfError {
  return new WharfError(
    'container.config-invalid',
    `unable to find ${kind} ${wanted}: no matching entries in ${file} file`,
  );
}

function parseId(text: string, orElse: () => WharfError): number {
  if (!/^\d+$/.test(text)) throw orElse();
  const id = Number(text);
  if (id > maxId) throw new WharfError('container.config-invalid', `uids and gids must be in range 0-${maxId}`);
  return id;
}

function parsePasswd(text: string): readonly PasswdEntry[] {
  return lines(text).flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
    return name !== '' && /^\d+$/.test(uid) ? [{ name, uid: Number(uid), gid: Number(gid) || 0, home }] : [];
  });
}

function parseGroup(text: string): readonly GroupEntry[] {
  return lines(text).flatMap((line) => {
    const [name = '', , gid = '', members = ''] = line.split(':');
    return name !== '' && /^\d+$/.test(gid)
      ? [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }]
      : [];
  });
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
