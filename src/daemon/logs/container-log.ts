/** A container's output on disk and how it is read back. The file is written by conmon (k8s-file format), read here. */

export interface LogEntry {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, in UTC: Docker's `2026-11-22T10:00:00.000000000Z`. */
  readonly timestamp: string;
  /** With its line end; a partial line has none. */
  readonly bytes: Uint8Array;
}

export interface ReadLogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Goes on until `ended` answers true and the file is read to its end. */
  readonly follow: boolean;
  /** Last N lines, where each part of a line of more than 16 KiB is one; undefined for all. */
  readonly tail?: number;
  /** Bounds, nanoseconds since the epoch. */
  readonly sinceNano?: bigint;
  readonly untilNano?: bigint;
  readonly signal: AbortSignal;
}

export interface ContainerLog {
  readonly path: string;
  /** In batches, for speed. `ended` tells whether the container's process is gone (its output complete). */
  read(
    options: ReadLogOptions,
    ended: { done(): boolean; onDone(listener: () => void): () => void },
  ): AsyncIterable<readonly LogEntry[]>;
}
