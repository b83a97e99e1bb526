import { useEffect, useRef, useState } from 'react';
import type { EngineClient } from '../../../client/engine-client.ts';
import { demultiplex } from '../../../client/stdcopy.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { type LogLine, LogLines } from '../../engine/log-lines.ts';

export interface ContainerLogs {
  readonly lines: readonly LogLine[];
  readonly error: unknown;
  readonly live: boolean;
  clear(): void;
}

/** Lines asked for at first; more would only be scrolled away by the ring. */
const tailLines = 5000;

async function follow(
  engine: EngineClient,
  id: string,
  log: LogLines,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { contentType, body } = await engine.rawStream('ContainerLogs', {
    params: { id },
    query: { follow: true, stdout: true, stderr: true, timestamps: true, tail: String(tailLines) },
    signal,
  });
  if (contentType.includes('multiplexed')) {
    for await (const { stream, bytes } of demultiplex(body)) {
      log.push(stream, bytes);
      onChange();
    }
  } else {
    for await (const bytes of body) {
      log.push('stdout', bytes);
      onChange();
    }
  }
  log.finish();
}

/** The output of a container, followed while the view is open. `runs` changes with each start, so a restart is followed too. */
export function useContainerLogs(id: string, runs: string): ContainerLogs {
  const engine = useEngine();
  const log = useRef(new LogLines());
  const [shown, setShown] = useState<{ lines: readonly LogLine[]; error: unknown; live: boolean }>({
    lines: [],
    error: undefined,
    live: true,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new run means a new stream
  useEffect(() => {
    const ending = new AbortController();
    const lines = new LogLines();
    log.current = lines;
    let frame = 0;
    // Draw at most once a frame, however fast the output comes.
    const draw = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setShown((state) => ({ ...state, lines: [...lines.lines] }));
      });
    };
    setShown({ lines: [], error: undefined, live: true });
    follow(engine, id, lines, draw, ending.signal)
      .then(
        () => setShown((state) => ({ ...state, live: false })),
        (error: unknown) => !ending.signal.aborted && setShown((state) => ({ ...state, error, live: false })),
      )
      .finally(draw);
    return () => {
      ending.abort();
      cancelAnimationFrame(frame);
    };
  }, [engine, id, runs]);
  return {
    ...shown,
    clear() {
      log.current.clear();
      setShown((state) => ({ ...state, lines: [] }));
    },
  };
}
