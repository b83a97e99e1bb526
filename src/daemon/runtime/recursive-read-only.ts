/** Whether a read-only bind can be read-only below its own submounts too (mount_setattr(2), Linux 5.12). */
import { release } from 'node:os';

export type ReadOnlySupport =
  | { readonly possible: true }
  | {
      readonly possible: false;
      /** In Docker's words. */
      readonly reason: string;
    };

/** First versions whose `rro` option asks the kernel for it. */
const runtimeSince: Readonly<Record<string, readonly [number, number]>> = { runc: [1, 1], crun: [1, 4] };

/** @param kernel for tests */
export function recursiveReadOnly(
  runtime: { readonly name: string; readonly version: string },
  kernel: string = release(),
): ReadOnlySupport {
  if (!isAtLeast(kernel, [5, 12])) {
    return { possible: false, reason: 'rro is not supported: kernel version is older than 5.12' };
  }
  const since = runtimeSince[runtime.name];
  if (since !== undefined && isAtLeast(runtime.version, since)) return { possible: true };
  return { possible: false, reason: `rro is not supported by runtime "${runtime.name}"` };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, haveMajor = '0', haveMinor = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(haveMajor) > major || (Number(haveMajor) === major && Number(haveMinor) >= minor);
}
