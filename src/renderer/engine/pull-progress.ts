import type { ProgressMessage } from '../../contract/engine-types.ts';

export type LayerPhase =
  | 'waiting'
  | 'downloading'
  | 'verifying'
  | 'downloaded'
  | 'extracting'
  | 'done'
  | 'exists'
  | 'pushing';

export interface LayerProgress {
  readonly id: string;
  readonly phase: LayerPhase;
  /** Bytes; undefined while not known. */
  readonly current: number | undefined;
  readonly total: number | undefined;
}

export interface PullProgress {
  /** In the order the engine first named them. */
  readonly layers: readonly LayerProgress[];
  readonly digest: string | undefined;
  /** The engine's last words: "Status: Downloaded newer image for x". */
  readonly status: string | undefined;
  readonly error: string | undefined;
  readonly hint: string | undefined;
  /** Wharf's error code; tells what could help ('auth.denied': sign in). */
  readonly code: string | undefined;
}

export const emptyProgress: PullProgress = {
  layers: [],
  digest: undefined,
  status: undefined,
  error: undefined,
  hint: undefined,
  code: undefined,
};

const phases: Readonly<Record<string, LayerPhase>> = {
  'Pulling fs layer': 'waiting',
  Waiting: 'waiting',
  Preparing: 'waiting',
  Downloading: 'downloading',
  'Verifying Checksum': 'verifying',
  'Download complete': 'downloaded',
  Extracting: 'extracting',
  'Pull complete': 'done',
  'Already exists': 'exists',
  Pushing: 'pushing',
  Pushed: 'done',
  'Layer already exists': 'exists',
};

/** Folds one line of Docker's progress stream into what the pull dialog shows. */
export function reduceProgress(progress: PullProgress, message: ProgressMessage): PullProgress {
  if (message.error !== undefined || message.errorDetail !== undefined)
    return {
      ...progress,
      error: message.errorDetail?.message ?? message.error,
      hint: message.errorDetail?.hint,
      code: message.errorDetail?.wharfCode,
    };
  const status = message.status ?? '';
  const phase = phases[status] ?? (status.startsWith('Mounted from') ? 'exists' : undefined);
  if (message.id !== undefined && phase !== undefined) {
    const { current, total } = message.progressDetail ?? {};
    const layer: LayerProgress = { id: message.id, phase, current, total };
    const index = progress.layers.findIndex((each) => each.id === layer.id);
    const known = progress.layers[index];
    if (known === undefined) return { ...progress, layers: [...progress.layers, layer] };
    return {
      ...progress,
      layers: progress.layers.with(index, { ...layer, total: total ?? known.total, current: current ?? known.current }),
    };
  }
  if (status.startsWith('Digest: ')) return { ...progress, digest: status.slice('Digest: '.length) };
  return status === '' ? progress : { ...progress, status };
}

/** A layer counts half for its download and half for its unpacking, each by bytes where they are known. */
function layerShare(layer: LayerProgress): number {
  const part = layer.total ? Math.min(1, (layer.current ?? 0) / layer.total) : 0;
  switch (layer.phase) {
    case 'waiting':
      return 0;
    case 'downloading':
      return part / 2;
    case 'pushing':
      return part;
    case 'verifying':
    case 'downloaded':
      return 0.5;
    case 'extracting':
      return 0.5 + part / 2;
    case 'done':
    case 'exists':
      return 1;
  }
}

/** 0..1 over all layers, the larger ones weighing more; undefined before the first layer is known. */
export function totalShare(progress: PullProgress): number | undefined {
  if (progress.layers.length === 0) return undefined;
  let sum = 0;
  let weights = 0;
  for (const layer of progress.layers) {
    const weight = layer.total ?? 1_000_000;
    sum += layerShare(layer) * weight;
    weights += weight;
  }
  return sum / weights;
}
