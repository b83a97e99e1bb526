/** The log of one container, read from conmon's files. */
import type { ContainerLog, LogEntry, ReadLogOptions } from './container-log.ts';
import { timestampText } from './k8s-file.ts';
import { LineJoiner, type LogLine } from './line-joiner.ts';
import { endOfLog, type LogPosition, logStart } from './log-files.ts';
import { type OutputEnd, readPieces } from './log-follower.ts';
import { findTail } from './log-tail.ts';

/** Answers at once; the file may not exist yet, and an absent one reads as empty. */
export function createContainerLog(path: string): ContainerLog {
  return { path, read: (options, end) => readLog(path, options, end) };
}

async function* readLog(path: string, options: ReadLogOptions, end: OutputEnd): AsyncGenerator<readonly LogEntry[]> {
  const until = new UntilTimer(options);
  const signal = AbortSignal.any([options.signal, until.signal]);
  const since = options.sinceNano === undefined ? undefined : timestampText(options.sinceNano);
  try {
    const start = await tailStart(path, options);
    const joiner = new LineJoiner({ stdout: options.stdout, stderr: options.stderr });
    let skip = start.skip;
    const select = (lines: readonly LogLine[]): readonly LogLine[] => {
      const kept = skip === 0 ? lines : lines.slice(skip);
      skip = Math.max(0, skip - lines.length);
      return since === undefined ? kept : kept.filter((line) => line.timestamp >= since);
    };
    for await (const pieces of readPieces(path, { from: start.from, follow: options.follow, end, signal })) {
      const lines = select(joiner.add(pieces));
      const cut = until.firstAfter(lines);
      if (cut !== -1) {
        if (cut > 0) yield lines.slice(0, cut);
        return;
      }
      if (lines.length > 0) yield lines;
    }
    if (signal.aborted && !until.signal.aborted) return;
    const rest = select(joiner.flush());
    if (rest.length > 0 && until.firstAfter(rest) === -1) yield rest;
  } finally {
    until.stop();
  }
}

interface Start {
  readonly from: LogPosition;
  /** Lines that begin there but do not belong to the tail. */
  readonly skip: number;
}

const nothingMore: OutputEnd = { done: () => true, onDone: () => () => undefined };

async function tailStart(path: string, { tail, stdout, stderr, signal }: ReadLogOptions): Promise<Start> {
  if (tail === undefined) return { from: logStart, skip: 0 };
  if (tail <= 0) return { from: endOfLog(path), skip: 0 };
  const from = await findTail(path, tail, { stdout, stderr });
  // Long lines count as their parts, which only the joiner knows.
  const joiner = new LineJoiner({ stdout, stderr });
  let lines = 0;
  for await (const pieces of readPieces(path, { from, follow: false, end: nothingMore, signal })) {
    lines += joiner.add(pieces).length;
  }
  return { from, skip: Math.max(0, lines + joiner.flush().length - tail) };
}

/** Ends a reading at `untilNano`: by the entries' own times, and by the clock when nothing more is written. */
class UntilTimer {
  readonly #controller = new AbortController();
  readonly #text: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReadLogOptions) {
    if (options.untilNano === undefined) return;
    this.#text = timestampText(options.untilNano);
    if (!options.follow) return;
    const delayMs = Math.max(0, Number(options.untilNano / 1_000_000n) - Date.now());
    // Node's timers hold 24 days at most; a follow that long starts again.
    if (delayMs < 2 ** 31) this.#timer = setTimeout(() => this.#controller.abort(), delayMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Index of the first line later than the bound, or -1. */
  firstAfter(lines: readonly LogLine[]): number {
    const text = this.#text;
    return text === undefined ? -1 : lines.findIndex((line) => line.timestamp > text);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
