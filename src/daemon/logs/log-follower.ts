/**
 * Reading a growing file of log entries from an offset on. The kernel tells of growth (inotify); nothing polls.
 *
 * No line is lost: the watch stands before the first read, and `ended` is asked before the last one, so what was written
 * before the container ended is read after.
 */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type LogPiece, parseChunk, parsePiece } from './k8s-file.ts';

/** Tells whether the container's output is complete. */
export interface OutputEnd {
  done(): boolean;
  /** Calls the listener when `done` became true; the answer ends the interest. */
  onDone(listener: () => void): () => void;
}

export interface FollowOptions {
  readonly fromOffset: number;
  /** Goes on at the end of the file until `end` is done. */
  readonly follow: boolean;
  readonly end: OutputEnd;
  readonly signal: AbortSignal;
}

const chunkBytes = 1024 * 1024;
const newline = 10;

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

/** Yields the entries in batches. Ends at the end of the file, of the container (with follow) or at the signal. */
export async function* readPieces(path: string, options: FollowOptions): AsyncGenerator<readonly LogPiece[]> {
  const bell = new Doorbell();
  const reader = new GrowingFile(path, options.fromOffset);
  const growth = options.follow ? new GrowthWatch(path, bell, reader) : undefined;
  const stopListening = options.follow ? options.end.onDone(bell.ring) : undefined;
  options.signal.addEventListener('abort', bell.ring, { once: true });
  try {
    while (!options.signal.aborted) {
      const complete = !options.follow || options.end.done();
      growth?.refresh();
      yield* reader.drain(options.signal);
      if (complete) {
        const rest = await reader.unfinishedLine();
        if (rest !== undefined) yield [rest];
        return;
      }
      await bell.wait();
    }
  } finally {
    options.signal.removeEventListener('abort', bell.ring);
    stopListening?.();
    growth?.close();
    await reader.close();
  }
}

/** Rings at each change of the file; of its folder as long as there is no such file. Follows the name to a new file. */
class GrowthWatch {
  readonly #path: string;
  readonly #bell: Doorbell;
  readonly #reader: GrowingFile;
  #watcher: FSWatcher | undefined;
  #onFile = false;

  constructor(path: string, bell: Doorbell, reader: GrowingFile) {
    this.#path = path;
    this.#bell = bell;
    this.#reader = reader;
  }

  /** Sees to it that the file under the name is watched. */
  refresh(): void {
    if (this.#onFile) return;
    this.close();
    this.#onFile = this.#watch(this.#path, (event) => {
      if (event !== 'rename') return;
      this.#reader.noteReplaced();
      this.#onFile = false;
    });
    if (!this.#onFile) this.#watch(dirname(this.#path), () => undefined);
  }

  #watch(path: string, onEvent: (event: string) => void): boolean {
    try {
      this.#watcher = watch(path, (event) => {
        onEvent(event);
        this.#bell.ring();
      });
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

/** A file that grows, may be cut to nothing, or may be replaced by a new one under its name. */
class GrowingFile {
  readonly #path: string;
  #position: number;
  #handle: FileHandle | undefined;
  #replaced = false;

  constructor(path: string, position: number) {
    this.#path = path;
    this.#position = position;
  }

  noteReplaced(): void {
    this.#replaced = true;
  }

  /** Reads whole lines up to the present end. */
  async *drain(signal: AbortSignal): AsyncGenerator<readonly LogPiece[]> {
    const replaced = this.#replaced;
    this.#replaced = false;
    yield* this.#drainOpenFile(signal);
    if (!replaced) return;
    await this.close();
    this.#position = 0;
    yield* this.#drainOpenFile(signal);
  }

  async *#drainOpenFile(signal: AbortSignal): AsyncGenerator<readonly LogPiece[]> {
    let limit = chunkBytes;
    while (!signal.aborted) {
      const chunk = await this.#readChunk(limit);
      if (chunk === undefined) return;
      const { pieces, consumed } = parseChunk(chunk);
      this.#position += consumed;
      if (pieces.length > 0) yield pieces;
      if (consumed === 0) {
        if (chunk.length < limit) return;
        // A line longer than the buffer; conmon writes none, but another writer may.
        limit *= 2;
      }
    }
  }

  async #readChunk(limit: number): Promise<Buffer | undefined> {
    const handle = await this.#open();
    if (handle === undefined) return undefined;
    const { size } = await handle.stat();
    if (size < this.#position) this.#position = 0;
    const length = Math.min(limit, size - this.#position);
    if (length === 0) return undefined;
    const buffer = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await handle.read(buffer, 0, length, this.#position);
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }

  /** What a crash left of the last line, if it is enough to be an entry. */
  async unfinishedLine(): Promise<LogPiece | undefined> {
    const chunk = await this.#readChunk(chunkBytes);
    // With a line end in it, it is no rest but new lines, written since the last read.
    return chunk === undefined || chunk.includes(newline) ? undefined : parsePiece(chunk, 0, chunk.length);
  }

  async #open(): Promise<FileHandle | undefined> {
    if (this.#handle !== undefined) return this.#handle;
    try {
      this.#handle = await open(this.#path, 'r');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    return this.#handle;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}
