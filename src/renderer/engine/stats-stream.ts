import { useEffect } from 'react';
import { create } from 'zustand';
import type { EngineClient } from '../../client/engine-client.ts';
import { useEngine } from './engine-context.tsx';
import { type StatsSample, sampleOf } from './stats-arithmetic.ts';

/** Samples kept a container: at one a second, five minutes. */
const keptMax = 300;
/** Streams open at once: a list of hundreds must not become hundreds of streams. */
const streamsMax = 40;

interface StatsState {
  readonly samples: ReadonlyMap<string, readonly StatsSample[]>;
}
export const useStatsStore = create<StatsState>(() => ({ samples: new Map() }));

interface OpenStream {
  users: number;
  readonly ending: AbortController;
}
const open = new Map<string, OpenStream>();

async function follow(engine: EngineClient, id: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const stats of engine.jsonStream('ContainerStats', {
      params: { id },
      query: { stream: true },
      signal,
    })) {
      if (!(Date.parse(stats.read) > 0)) continue;
      const sample = sampleOf(stats);
      useStatsStore.setState(({ samples }) => ({
        samples: new Map(samples).set(id, [...(samples.get(id) ?? []), sample].slice(-keptMax)),
      }));
    }
  } catch {
    // The container or the engine went away: the list says so, numbers just end.
  } finally {
    if (open.get(id)?.ending.signal === signal) open.delete(id);
    useStatsStore.setState(({ samples }) => {
      const left = new Map(samples);
      left.delete(id);
      return { samples: left };
    });
  }
}

/** Keeps the stats of these containers flowing while the component is on screen; shared between components. */
export function useStatsOf(ids: readonly string[]): void {
  const engine = useEngine();
  const key = ids.slice(0, streamsMax).join(',');
  useEffect(() => {
    const wanted = key === '' ? [] : key.split(',');
    for (const id of wanted) {
      const stream = open.get(id);
      if (stream) stream.users++;
      else {
        const ending = new AbortController();
        open.set(id, { users: 1, ending });
        void follow(engine, id, ending.signal);
      }
    }
    return () => {
      for (const id of wanted) {
        const stream = open.get(id);
        if (stream && --stream.users === 0) {
          open.delete(id);
          stream.ending.abort();
        }
      }
    };
  }, [engine, key]);
}

export function useSamples(id: string): readonly StatsSample[] {
  return useStatsStore((state) => state.samples.get(id)) ?? none;
}
const none: readonly StatsSample[] = [];
