import type { EngineClient } from '../client/engine-client.ts';
import type { ContainerSummary } from '../contract/types/containers.ts';
import type { EngineSupervisor } from '../machine/engine-supervisor.ts';

const settleMs = 200;

export interface ContainerWatchOptions {
  readonly engine: EngineClient;
  readonly supervisor: EngineSupervisor;
  /** The containers that run now; called after each change. */
  readonly running: (containers: readonly ContainerSummary[]) => void;
  /** A container ended by itself with an error. */
  readonly failed: (name: string, id: string, exitCode: number) => void;
}

/** Follows the engine's events while it is ready; nothing is asked for again and again. */
export function watchContainers(options: ContainerWatchOptions): Disposable {
  let following: AbortController | undefined;
  const off = options.supervisor.onStatus((status) => {
    if (status.kind === 'ready' && following === undefined) {
      const abort = new AbortController();
      following = abort;
      follow(options, abort.signal).catch(() => {
        // The engine went away; its supervisor says so, and calls again when it is back.
      });
    } else if (status.kind !== 'ready') {
      following?.abort();
      following = undefined;
      options.running([]);
    }
  });
  return {
    [Symbol.dispose]() {
      off();
      following?.abort();
    },
  };
}

async function follow(options: ContainerWatchOptions, signal: AbortSignal): Promise<void> {
  const { engine } = options;
  let due = false;
  const refresh = () => {
    due = false;
    engine.call('ContainerList', { signal }).then(options.running, () => {});
  };
  refresh();
  const killed = new Set<string>();
  const query = { filters: { type: ['container'] } };
  for await (const event of engine.jsonStream('SystemEvents', { query, signal })) {
    const id = event.Actor?.ID ?? '';
    const attributes = event.Actor?.Attributes ?? {};
    if (event.Action === 'kill') killed.add(id);
    if (event.Action === 'die') {
      const exitCode = Number(attributes.exitCode ?? 0);
      if (exitCode !== 0 && !killed.delete(id)) options.failed(attributes.name ?? id.slice(0, 12), id, exitCode);
    }
    if (!due) setTimeout(refresh, settleMs);
    due = true;
  }
}
