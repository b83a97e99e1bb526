/**
 * What an engine left behind on this machine. Everything is told by the world's own folder and its instance name, so that
 * worlds and other engines beside each other do not see each other; only links, whose names say nothing about their owner,
 * are compared with what was there before.
 *
 *   mounts      in this mount table and in that of every living process
 *   processes   conmon, crun, wharfd and what runs in containers: by command line, folder, root, or control group
 *   namespaces  network namespaces kept by a bind mount below the folder
 *   links       wharf-<instance>; other bridges and veths that are new and belong to no other engine
 *   rules       the instance's nftables table, and rules elsewhere that name its bridges
 *   cgroups     /wharf-<instance> in every tree
 *   files       sockets, FIFOs and files in the exec root and in the folder for temporary files; unfinished blobs
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

export interface LeakCheckTarget {
  /** Folder that holds all of the world. */
  readonly root: string;
  readonly execRoot: string;
  /** Folders where nothing may be at the end, however deep. */
  readonly empty: readonly string[];
}

export interface LeakCheck {
  readonly instance: string;
  /** One line for each thing that is there now and should not be. */
  leftovers(): readonly string[];
  /** As `leftovers`, with patience for what is just going away. */
  settled(patienceMs?: number): Promise<readonly string[]>;
}

/** How wharfd tells itself apart from others on the machine. */
export function instanceOf(execRoot: string): string {
  return createHash('sha256').update(execRoot).digest('hex').slice(0, 6);
}

export function watchForLeaks(target: LeakCheckTarget): LeakCheck {
  const instance = instanceOf(target.execRoot);
  const before = new Set(links().map(({ name }) => name));
  const leftovers = () => [
    ...leakedMounts(target.root),
    ...leakedProcesses(target.root, instance),
    ...leakedLinks(before, instance),
    ...leakedRules(instance),
    ...leakedCgroups(instance),
    ...leakedFiles(target),
  ];
  return {
    instance,
    leftovers,
    async settled(patienceMs = 4000) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const found = leftovers();
        if (found.length === 0 || Date.now() > deadline) return found;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

/** A process may end between two looks at it: then it is no leak. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
function linkTarget(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

const pids = (): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

function leakedMounts(root: string): string[] {
  const own = linkTarget('/proc/self/ns/mnt');
  const seen = new Map<string, string>([[own, 'self']]);
  for (const pid of pids()) {
    const namespace = linkTarget(`/proc/${pid}/ns/mnt`);
    if (namespace !== '' && !seen.has(namespace)) seen.set(namespace, pid);
  }
  return [...seen.values()].flatMap((pid) =>
    read(`/proc/${pid}/mountinfo`)
      .split('\n')
      .filter((line) => line.includes(`${root}/`))
      .map((line) => {
        const [, , , , point = ''] = line.split(' ');
        const kind = / - nsfs /.test(line) ? 'network namespace' : 'mount';
        const name = pid === 'self' ? '' : ` in process ${pid} (${read(`/proc/${pid}/comm`).trim()})`;
        return `${kind}: ${point}${name}`;
      }),
  );
}

function leakedProcesses(root: string, instance: string): string[] {
  return pids().flatMap((pid) => {
    if (Number(pid) === process.pid) return [];
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    const group = read(`/proc/${pid}/cgroup`);
    const places = [linkTarget(`/proc/${pid}/cwd`), linkTarget(`/proc/${pid}/root`), command];
    const ours = places.some((place) => place.includes(`${root}/`)) || group.includes(`/wharf-${instance}`);
    return ours ? [`process: ${pid} ${command || read(`/proc/${pid}/comm`).trim()}`] : [];
  });
}

interface SeenLink {
  readonly name: string;
  readonly master: string;
}

function links(): readonly SeenLink[] {
  return readdirSync('/sys/class/net').map((name) => ({
    name,
    master: path.basename(linkTarget(`/sys/class/net/${name}/master`)),
  }));
}

/** Pairs of Docker's have seven digits, of Podman's one. */
const ourKind = /^(wharf-|br-[0-9a-f]{12}$|veth[0-9a-f]{8}$)/;

function leakedLinks(before: ReadonlySet<string>, instance: string): string[] {
  const fresh = links().filter(({ name }) => ourKind.test(name) && !before.has(name));
  if (fresh.length === 0) return [];
  const others = ruleset().filter((table) => !table.startsWith(`inet wharf_${instance} `));
  const foreign = (bridge: string) =>
    (bridge.startsWith('wharf') && bridge !== `wharf-${instance}`) ||
    // Of another Wharf, or of a Docker on this machine.
    others.some((table) => /^\w+ wharf|chain DOCKER/.test(table) && table.includes(`"${bridge}"`));
  return fresh
    .filter(({ name, master }) => !foreign(name) && !(master !== '' && foreign(master)))
    .map(({ name }) => `link: ${name}`);
}

/** Each table's text, beginning with its family and name. */
function ruleset(): readonly string[] {
  const text = execFileSync('nft', ['list', 'ruleset'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    // It warns about tables that iptables made.
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text.split(/^table /m).filter((part) => part !== '');
}

function leakedRules(instance: string): string[] {
  return ruleset().flatMap((table) => {
    const name = /^\w+ \S+/.exec(table)?.[0] ?? '';
    if (name.endsWith(` wharf_${instance}`)) return [`nftables table: ${name}`];
    return table.includes(`"wharf-${instance}"`) ? [`nftables rule: wharf-${instance} in table ${name}`] : [];
  });
}

function leakedCgroups(instance: string): string[] {
  return globSync([`/sys/fs/cgroup/wharf-${instance}`, `/sys/fs/cgroup/*/wharf-${instance}`]).map(
    (folder) => `cgroup: ${folder}`,
  );
}

function leakedFiles({ execRoot, empty }: LeakCheckTarget): string[] {
  return [execRoot, ...empty].flatMap((folder) => {
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => `file: ${path.join(entry.parentPath, entry.name)}`);
  });
}
