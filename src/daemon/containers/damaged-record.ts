/**
 * What is made of a container's row that can't be read: a container that shows its ID, name and image, is dead, says why,
 * and can be removed. Only its kind is looked at, not every field: rows are written by the store alone.
 */
import type { ContainerRecord } from './container-record.ts';
import type { ContainerState, StateKind, StateOf } from './container-state.ts';

const stateKinds: Readonly<Record<StateKind, true>> = {
  created: true,
  starting: true,
  running: true,
  paused: true,
  stopping: true,
  restarting: true,
  exited: true,
  removing: true,
  dead: true,
};

/** Undefined when the text is no state. */
export function readState(text: string): ContainerState | undefined {
  const value = readObject(text);
  const { kind } = value ?? {};
  return typeof kind === 'string' && kind in stateKinds ? (value as unknown as ContainerState) : undefined;
}

/** Undefined when the text is no record. */
export function readRecord(text: string): ContainerRecord | undefined {
  const value = readObject(text);
  if (value === undefined) return undefined;
  const { id, config, hostConfig, args, mounts, endpoints } = value;
  const whole =
    typeof id === 'string' &&
    [config, hostConfig, endpoints].every(isObject) &&
    [args, mounts].every((list) => Array.isArray(list));
  return whole ? (value as unknown as ContainerRecord) : undefined;
}

export function damagedState(part: 'state' | 'description'): StateOf<'dead'> {
  return {
    kind: 'dead',
    last: undefined,
    message: `the stored ${part} of this container can not be read; remove it and create it again`,
  };
}

/** Stands for a record that is lost. */
export function damagedRecord(
  known: Pick<ContainerRecord, 'id' | 'name' | 'imageId' | 'createdAtMs'>,
): ContainerRecord {
  const { id, name, imageId, createdAtMs } = known;
  return {
    id,
    name,
    imageId,
    createdAtMs,
    topLayer: undefined,
    config: { Image: imageId },
    hostConfig: { NetworkMode: 'none' },
    args: [],
    mounts: [],
    endpoints: {},
  };
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
