import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { create } from 'zustand';
import type { EngineClient } from '../../client/engine-client.ts';
import { useEngine } from './engine-context.tsx';
import { engineKeys } from './keys.ts';

export type ContainerAct = 'start' | 'stop' | 'restart' | 'pause' | 'unpause' | 'kill' | 'remove';

interface ActState {
  /** By container ID: what is under way, shown in the row at once. */
  readonly busy: ReadonlyMap<string, ContainerAct>;
  /** By container ID: why the last act failed, until the next one. */
  readonly failed: ReadonlyMap<string, Error>;
}
export const useActs = create<ActState>(() => ({ busy: new Map(), failed: new Map() }));

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

async function send(engine: EngineClient, act: ContainerAct, id: string, removeVolumes: boolean): Promise<void> {
  const target = { params: { id } };
  switch (act) {
    case 'start':
      return void (await engine.call('ContainerStart', target));
    case 'stop':
      return void (await engine.call('ContainerStop', target));
    case 'restart':
      return void (await engine.call('ContainerRestart', target));
    case 'pause':
      return void (await engine.call('ContainerPause', target));
    case 'unpause':
      return void (await engine.call('ContainerUnpause', target));
    case 'kill':
      return void (await engine.call('ContainerKill', target));
    case 'remove':
      return void (await engine.call('ContainerDelete', { ...target, query: { force: true, v: removeVolumes } }));
  }
}

/** Acts on containers; the row shows the spinner and, when it fails, the error. The promise rejects too, for dialogs. */
export function useContainerActs() {
  const engine = useEngine();
  const cache = useQueryClient();
  return useMemo(
    () =>
      async (act: ContainerAct, id: string, options: { removeVolumes?: boolean } = {}) => {
        useActs.setState(({ busy, failed }) => ({ busy: new Map(busy).set(id, act), failed: without(failed, id) }));
        try {
          await send(engine, act, id, options.removeVolumes ?? false);
        } catch (cause) {
          const error = cause instanceof Error ? cause : new Error(String(cause));
          useActs.setState(({ failed }) => ({ failed: new Map(failed).set(id, error) }));
          throw error;
        } finally {
          await cache.invalidateQueries({ queryKey: engineKeys.containers });
          useActs.setState(({ busy }) => ({ busy: without(busy, id) }));
        }
      },
    [engine, cache],
  );
}
