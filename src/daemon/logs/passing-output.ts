/**
 * The output of a container that keeps none (log driver none). Attached clients read it from a file as others do, so that
 * none of them holds up the container or misses something; what all of them have read is given back to the file system by
 * holes, which leave every place in the file where it was.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { boundGrowth } from './growth-bound.ts';
import { inodeOf } from './log-files.ts';

export interface PassingOutputOptions {
  readonly path: string;
  /** Up to where everybody has read; undefined when nobody reads. */
  readonly readUpTo: () => number | undefined;
  /** Makes a hole. */
  readonly discard: (fd: number, offset: number, bytes: number) => void;
  readonly onFailure: (error: unknown) => void;
}

const boundBytes = 1024 * 1024;

/** The answer ends it, once the output is over and those who read it have it. */
export function discardPassedOutput(options: PassingOutputOptions): () => Promise<void> {
  const file = new PassingOutput(options);
  const stop = boundGrowth({
    path: options.path,
    boundBytes,
    size: () => file.held(),
    onFull: async () => file.discardRead(),
    onFailure: options.onFailure,
  });
  return async () => {
    await stop();
    file.close();
  };
}

class PassingOutput {
  readonly #o: PassingOutputOptions;
  #fd: number | undefined;
  #inode: bigint | undefined;
  #discarded = 0;

  constructor(options: PassingOutputOptions) {
    this.#o = options;
  }

  held(): number {
    const fd = this.#open();
    return fd === undefined ? 0 : fstatSync(fd).size - this.#discarded;
  }

  discardRead(): void {
    const fd = this.#open();
    if (fd === undefined) return;
    const end = Math.min(fstatSync(fd).size, this.#o.readUpTo() ?? Number.MAX_SAFE_INTEGER);
    if (end <= this.#discarded) return;
    this.#o.discard(fd, this.#discarded, end - this.#discarded);
    this.#discarded = end;
  }

  #open(): number | undefined {
    const inode = inodeOf(this.#o.path);
    if (inode === this.#inode) return this.#fd;
    this.close();
    if (inode === undefined) return undefined;
    this.#fd = openSync(this.#o.path, 'r+');
    this.#inode = fstatSync(this.#fd, { bigint: true }).ino;
    this.#discarded = 0;
    return this.#fd;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#inode = undefined;
  }
}
