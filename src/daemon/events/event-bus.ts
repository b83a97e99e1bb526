/**
 * The daemon's event bus: what happened, told to whoever listens. Events announce, calls command (style 23).
 *
 * Shapes are Docker's event messages. The last `historyMax` are kept for `/events?since=`.
 */
export type EventType = 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'plugin' | 'builder';

export interface EngineEvent {
  readonly Type: EventType;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  /** Seconds since the epoch. */
  readonly time: number;
  /** Nanoseconds since the epoch; beyond the safe integers of JSON readers, but Docker sends a number. */
  readonly timeNano: bigint;
}

export interface EventBus {
  publish(type: EventType, action: string, id: string, attributes?: Readonly<Record<string, string>>): EngineEvent;
  /** Past events of the bounded history, oldest first. */
  history(): readonly EngineEvent[];
  subscribe(listener: (event: EngineEvent) => void): () => void;
  listenerCount(): number;
}

/** @param nowNano nanoseconds since the epoch, never going back */
export function createEventBus(options: { historyMax?: number; nowNano?: () => bigint } = {}): EventBus {
  const historyMax = options.historyMax ?? 256;
  const nowNano = options.nowNano ?? monotonicNowNano();
  const past: EngineEvent[] = [];
  const listeners = new Set<(event: EngineEvent) => void>();
  return {
    publish(type, action, id, attributes = {}) {
      const timeNano = nowNano();
      const event: EngineEvent = {
        Type: type,
        Action: action,
        Actor: { ID: id, Attributes: attributes },
        scope: 'local',
        time: Number(timeNano / 1_000_000_000n),
        timeNano,
      };
      past.push(event);
      if (past.length > historyMax) past.splice(0, past.length - historyMax);
      for (const listener of [...listeners]) listener(event);
      return event;
    },
    history: () => past,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    listenerCount: () => listeners.size,
  };
}

/** Wall time that never repeats and never goes back, so that event order is the order of their times. */
function monotonicNowNano(): () => bigint {
  let last = 0n;
  return () => {
    const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
    last = now > last ? now : last + 1n;
    return last;
  };
}
