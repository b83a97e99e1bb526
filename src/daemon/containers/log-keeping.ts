/** Where a container's output goes, and how much of it is kept. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HostConfig } from '../../contract/engine-types.ts';
import { makeHole } from '../linux/libc.ts';
import { type LogSubject, logAttributes } from '../logs/log-attributes.ts';
import { type LogConfig, type LogStorage, logStorage } from '../logs/log-config.ts';
import { startLogRotation } from '../logs/log-rotation.ts';
import { discardPassedOutput } from '../logs/passing-output.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { type ContainerRecord, logPath } from './container-record.ts';

/** The part of a handle that is about its output. */
export interface OutputKeeping {
  /** Clients that are given it as it comes: up to where they have it. */
  readonly readers: Set<{ offset: number }>;
  /** Ends the keeping of the run that is under way. */
  end: (() => Promise<void>) | undefined;
}

export function createOutputKeeping(): OutputKeeping {
  return { readers: new Set(), end: undefined };
}

export function logConfigOf({ LogConfig: log }: HostConfig): LogConfig {
  return { type: log?.Type || 'json-file', config: log?.Config ?? {} };
}

/** Output that is not to be kept goes below the exec root, in memory on most machines, and only as far as it is not read yet. */
export function outputPath(
  { dataRoot, execRoot }: Pick<ContainerContext, 'dataRoot' | 'execRoot'>,
  { id, hostConfig }: ContainerRecord,
): string {
  return keepsNone(hostConfig) ? join(execRoot, 'output', `${id}.log`) : logPath(dataRoot, id);
}

function keepsNone(hostConfig: HostConfig): boolean {
  return hostConfig.LogConfig?.Type === 'none';
}

/** What inspect shows: dockerd knows the file of a json-file container from its first start on. */
export function shownLogPath(context: ContainerContext, { record, state }: ContainerHandle): string {
  const { type } = logConfigOf(record.hostConfig);
  return type !== 'json-file' || state.kind === 'created' ? '' : logPath(context.dataRoot, record.id);
}

export function logSubject({ id, name, imageId, config }: ContainerRecord): LogSubject {
  const { Image: image = '', Labels: labels, Env: env } = config;
  return { id, name, imageId, image, labels: labels ?? {}, env: env ?? [], daemonName: 'wharf' };
}

/** When nobody trims it, as while the daemon is down, conmon begins the file of a passing output anew at this size. */
const passingMaxBytes = 1024 ** 3;

/** Before a run. @throws WharfError 'container.config-invalid' for options dockerd refuses at the start */
export async function prepareOutput(
  context: ContainerContext,
  { record }: ContainerHandle,
): Promise<{ readonly logPath: string; readonly logMaxBytes?: number }> {
  const log = logConfigOf(record.hostConfig);
  const storage = logStorage(log);
  logAttributes(logSubject(record), log);
  const path = outputPath(context, record);
  if (storage.kind === 'files') return { logPath: path };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A file of its own for each run: clients of the last one may still be reading.
  await writeFile(`${path}.new`, '', { mode: 0o640 });
  await rename(`${path}.new`, path);
  return { logPath: path, logMaxBytes: passingMaxBytes };
}

/** While it runs. */
export function keepOutput(context: ContainerContext, handle: ContainerHandle): void {
  const { id, record, output } = handle;
  const path = outputPath(context, record);
  const onFailure = (error: unknown) =>
    context.log.warn('The log of a container is not kept within its bounds.', { id, error });
  let storage: LogStorage;
  try {
    storage = logStorage(logConfigOf(record.hostConfig));
  } catch (error) {
    // Started by an earlier version, which did not look at its options.
    onFailure(error);
    return;
  }
  if (storage.kind === 'none') {
    const readUpTo = () =>
      output.readers.size === 0 ? undefined : Math.min(...[...output.readers].map((r) => r.offset));
    output.end = discardPassedOutput({ path, readUpTo, discard: makeHole, onFailure });
    return;
  }
  const { maxBytes } = storage.retention;
  if (maxBytes === undefined) return;
  output.end = startLogRotation({
    path,
    retention: { ...storage.retention, maxBytes },
    reopen: () => context.runtime.reopenLog(id),
    onFailure,
  });
}

/** After a run: its output is complete. */
export async function endKeeping(context: ContainerContext, handle: ContainerHandle): Promise<void> {
  const { end } = handle.output;
  handle.output.end = undefined;
  await end?.();
  if (!keepsNone(handle.record.hostConfig)) return;
  // Attached clients have it open; a later run makes another one.
  void handle.waiters.outputRead().then(async () => {
    if (handle.output.end === undefined) await rm(outputPath(context, handle.record), { force: true });
  });
}
