/**
 * Reading a growing log from a place on, over all files that it is kept in. The kernel tells of growth (inotify); nothing polls.
 *
 * No line is lost: the watch stands before a file is read to its end, and `end` is asked before the last reading, so what was
 * written before the container ended is read after. A file is left for the next one only after the writer has: then its
 * name belongs to another file, and what it holds is final.
 */
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type LogPiece, parseChunk, parsePiece } from './k8s-file.ts';
import { inodeOf, type LogPosition, openLogFile } from './log-files.ts';
import { createPieceReader, type PieceReader } from './piece-reader.ts';

/** Tells whether the container's output is complete. */
export interface OutputEnd {
  done(): boolean;
  /** Calls the listener when `done` became true; the answer ends the interest. */
  onDone(listener: () => void): () => void;
}

export interface FollowOptions {
  readonly from: LogPosition;
  /** Goes on at the end of the log until `end` is done. */
  readonly follow: boolean;
  readonly end: OutputEnd;
  readonly signal: AbortSignal;
  /** Told of each place up to which all has been handed on. */
  readonly onRead?: (position: LogPosition) => void;
}

/** Wakes a reader; a wake that comes while nobody waits is kept. */
class Doorbell {
  #rung = false;
  #waiting: (() => void) | undefined;

  readonly ring = (): void => {
    this.#rung = true;
    this.#waiting?.();
  };

  async wait(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    this.#waiting = undefined;
    this.#rung = false;
  }
}

/** Yields the entries in batches. Ends at the end of the log, of the container (with follow) or at the signal. */
export async function* readPieces(path: string, options: FollowOptions): AsyncGenerator<readonly LogPiece[]> {
  const { follow, end, signal } = options;
  const bell = new Doorbell();
  const reader = new LogFilesReader(path, options);
  const growth = follow ? new GrowthWatch(path, bell) : undefined;
  const stopListening = follow ? end.onDone(bell.ring) : undefined;
  signal.addEventListener('abort', bell.ring, { once: true });
  try {
    while (!signal.aborted) {
      const complete = !follow || end.done();
      growth?.refresh();
      yield* reader.drain(signal);
      if (complete) {
        const rest = await reader.rest();
        if (rest.length > 0) yield rest;
        return;
      }
      await bell.wait();
    }
  } finally {
    signal.removeEventListener('abort', bell.ring);
    stopListening?.();
    growth?.close();
    await reader.close();
  }
}

/** Rings at each change of the file under the name; of its folder as long as there is no such file. */
class GrowthWatch {
  readonly #path: string;
  readonly #bell: Doorbell;
  #watcher: FSWatcher | undefined;
  #inode: bigint | undefined;

  constructor(path: string, bell: Doorbell) {
    this.#path = path;
    this.#bell = bell;
  }

  /** Sees to it that the file that has the name now is watched. That another one takes its name changes its links, and rings. */
  refresh(): void {
    const inode = inodeOf(this.#path);
    if (this.#watcher !== undefined && inode !== undefined && inode === this.#inode) return;
    this.close();
    this.#inode = inode;
    if (inode !== undefined && this.#watch(this.#path)) return;
    this.#inode = undefined;
    this.#watch(dirname(this.#path));
  }

  #watch(path: string): boolean {
    try {
      this.#watcher = watch(path, this.#bell.ring);
    } catch {
      return false;
    }
    this.#watcher.on('error', this.#bell.ring);
    return true;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}

/** Goes from file to file. */
class LogFilesReader {
  readonly #path: string;
  readonly #onRead: FollowOptions['onRead'];
  #next: LogPosition;
  #reader: PieceReader | undefined;

  constructor(path: string, { from, onRead }: FollowOptions) {
    this.#path = path;
    this.#next = from;
    this.#onRead = onRead;
  }

  /** Reads whole lines up to the present end of the log. */
  async *drain(signal: AbortSignal): AsyncGenerator<readonly LogPiece[]> {
    while (!signal.aborted) {
      const reader = await this.#open();
      if (reader === undefined) return;
      yield* this.#drainFile(reader, signal);
      if (!reader.compressed && inodeOf(this.#path) === reader.inode) return;
      // The writer has left it; what it wrote before is there now.
      yield* this.#drainFile(reader, signal);
      if (signal.aborted) return;
      const left = await openLogFile(this.#path, reader.number + 1);
      // Only its name is gone (a log somebody removed): it is all there is.
      if (left === undefined) return;
      await this.close();
      this.#next = { number: left.number, offset: 0 };
      this.#reader = await createPieceReader(left, 0);
    }
  }

  async *#drainFile(reader: PieceReader, signal: AbortSignal): AsyncGenerator<readonly LogPiece[]> {
    for (;;) {
      if (signal.aborted) return;
      const pieces = await reader.read();
      if (pieces === undefined) return;
      if (pieces.length > 0) yield pieces;
      this.#onRead?.({ number: reader.number, offset: reader.offset });
    }
  }

  async #open(): Promise<PieceReader | undefined> {
    if (this.#reader !== undefined) return this.#reader;
    const file = await openLogFile(this.#path, this.#next.number);
    if (file === undefined) return undefined;
    this.#reader = await createPieceReader(file, file.number === this.#next.number ? this.#next.offset : 0);
    return this.#reader;
  }

  /** What a crash left of the last line, if it is enough to be an entry; or what has been written since we looked. */
  async rest(): Promise<readonly LogPiece[]> {
    const rest = await this.#reader?.rest();
    if (rest === undefined) return [];
    const { pieces, consumed } = parseChunk(rest);
    if (consumed > 0) return pieces;
    const piece = parsePiece(rest, 0, rest.length);
    return piece === undefined ? [] : [piece];
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    this.#reader = undefined;
  }
}
