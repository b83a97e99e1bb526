/** The log of one container, read from conmon's file. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import type { ContainerLog, LogEntry, ReadLogOptions } from './container-log.ts';
import { timestampText } from './k8s-file.ts';
import { LineJoiner, type LogLine } from './line-joiner.ts';
import { type OutputEnd, readPieces } from './log-follower.ts';
import { findTail } from './log-tail.ts';

/** Answers at once; the file may not exist yet, and an absent one reads as empty. */
export function createContainerLog(path: string): ContainerLog {
  return { path, read: (options, end) => readLog(path, options, end) };
}

async function* readLog(path: string, options: ReadLogOptions, end: OutputEnd): AsyncGenerator<readonly LogEntry[]> {
  const until = new UntilTimer(options);
  const signal = AbortSignal.any([options.signal, until.signal]);
  const start = options.tail === undefined ? { offset: 0, skipLines: 0 } : tailOf(path, options.tail, options);
  const since = options.sinceNano === undefined ? undefined : timestampText(options.sinceNano);
  const joiner = new LineJoiner({ stdout: options.stdout, stderr: options.stderr });
  let skip = start.skipLines;
  const select = (lines: readonly LogLine[]): readonly LogLine[] => {
    let first = 0;
    // A long line's further parts go with its first one.
    for (
      ;
      first < lines.length && (skip > 0 || (start.skipLines > 0 && lines[first]?.continues === true));
      first += 1
    ) {
      if (lines[first]?.continues !== true) skip -= 1;
    }
    const kept = first === 0 ? lines : lines.slice(first);
    return since === undefined ? kept : kept.filter((line) => line.timestamp >= since);
  };
  try {
    for await (const pieces of readPieces(path, { fromOffset: start.offset, follow: options.follow, end, signal })) {
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

function tailOf(path: string, lines: number, wanted: { readonly stdout: boolean; readonly stderr: boolean }) {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return { offset: 0, skipLines: 0 };
  }
  try {
    return findTail(fd, fstatSync(fd).size, lines, wanted);
  } finally {
    closeSync(fd);
  }
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
