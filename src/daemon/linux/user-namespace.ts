/** Whether this process is root of the machine, or only of a user namespace: then some acts are not for it. */
import { readFileSync } from 'node:fs';

/** The highest number a namespace can map: the initial one maps them all. */
const allIds = 4_294_967_295;

let known: { readonly isInitial: boolean; readonly highestGid: number } | undefined;

function read(): { readonly isInitial: boolean; readonly highestGid: number } {
  known ??= {
    isInitial: parseIdMap(textOf('/proc/self/uid_map')).some(({ inside, count }) => inside === 0 && count === allIds),
    highestGid: Math.max(...parseIdMap(textOf('/proc/self/gid_map')).map(({ inside, count }) => inside + count - 1)),
  };
  return known;
}

/** A machine without the file has no user namespaces at all. */
export function inUserNamespace(): boolean {
  return !read().isInitial;
}

/** The highest group number that exists here. */
export function highestGroupId(): number {
  return read().highestGid;
}

/** user_namespaces(7): inside, outside, count. Pure. */
export function parseIdMap(text: string): readonly { readonly inside: number; readonly count: number }[] {
  return text.split('\n').flatMap((line) => {
    const [inside, , count] = line.trim().split(/\s+/).map(Number);
    return inside === undefined || count === undefined ? [] : [{ inside, count }];
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return `0 0 ${allIds}`;
  }
}
