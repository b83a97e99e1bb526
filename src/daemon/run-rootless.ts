/** `wharfd --rootless`: wires the parent (rootless/parent.ts) to what the engine's folders offer. */
import { fileURLToPath } from 'node:url';
import type { LevelledLogger } from './logger.ts';
import { describeHolder, listPortHolders } from './networks/port-holder.ts';
import { type RootlessOptions, runRootless } from './rootless/parent.ts';
import { removeEmptyFolders } from './system/empty-folders.ts';

/** @param argv the engine's own flags, handed on as they are */
export function runRootlessParent(
  options: Pick<RootlessOptions, 'execRoot' | 'network'>,
  argv: readonly string[],
  log: LevelledLogger,
): Promise<number> {
  const program = process.argv[1] ?? fileURLToPath(import.meta.url);
  return runRootless({
    execRoot: options.execRoot,
    network: options.network,
    engineCommand: [process.execPath, ...process.execArgv, program, ...argv],
    describeHolder: (protocol, port) => describeHolder(listPortHolders({ protocol, port }, () => undefined)),
    removeEmptyFolders,
    log,
  });
}
