import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { create } from 'zustand';
import type { EventMessage } from '../../contract/engine-types.ts';
import { useEngine } from './engine-context.tsx';
import { staleKeys } from './event-effects.ts';
import { engineKeys } from './keys.ts';

const recentMax = 60;

interface EventsState {
  /** Whether the stream is up; lists are current only while it is. */
  readonly connected: boolean;
  /** Newest first, bounded. */
  readonly recent: readonly EventMessage[];
}

export const useLiveEvents = create<EventsState>(() => ({ connected: false, recent: [] }));

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * The one subscription to /events. It invalidates exactly the caches an event touches, gathered over a moment so that a
 * burst costs one fetch. When the stream comes back after a break everything is stale, as events may have been missed.
 */
export function LiveEvents() {
  const engine = useEngine();
  const cache = useQueryClient();
  useEffect(() => {
    const ending = new AbortController();
    const pending = new Map<string, readonly string[]>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const keys = [...pending.values()];
      pending.clear();
      for (const queryKey of keys) void cache.invalidateQueries({ queryKey });
    };
    const receive = (event: EventMessage) => {
      useLiveEvents.setState((state) => ({ recent: [event, ...state.recent].slice(0, recentMax) }));
      for (const key of staleKeys(event)) pending.set(key.join('/'), key);
      timer ??= setTimeout(flush, 40);
    };
    const follow = async () => {
      let backoffMs = 300;
      while (!ending.signal.aborted) {
        try {
          const events = engine.jsonStream('SystemEvents', {
            query: {},
            signal: ending.signal,
            onOpen: () => {
              backoffMs = 300;
              useLiveEvents.setState({ connected: true });
              void cache.invalidateQueries({ queryKey: engineKeys.all });
            },
          });
          for await (const event of events) receive(event);
        } catch {
          // The engine is away; the banner says so (host/engine.status). Try again below.
        }
        useLiveEvents.setState({ connected: false });
        await sleep(backoffMs, ending.signal);
        backoffMs = Math.min(backoffMs * 2, 5000);
      }
    };
    void follow();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [engine, cache]);
  return null;
}
