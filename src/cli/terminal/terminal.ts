/**
 * The three streams of the process, so that commands can be run against another set of them in a test.
 */
export interface Terminal {
  /** Resolves when the bytes are handed on. @throws OutputClosedError when nobody reads standard output any more */
  out(data: string | Uint8Array): Promise<void>;
  err(data: string | Uint8Array): Promise<void>;
  readonly stdinIsTty: boolean;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  /** Of standard output; 80 by 24 where it is no terminal. */
  size(): TerminalSize;
  /** Calls back when the window changes; returns how to stop. */
  onResize(listener: () => void): () => void;
  /** Bytes typed or piped in. Ending the iteration gives the stream up. */
  input(): AsyncIterable<Uint8Array>;
  /** Keys come one by one and unechoed while on. Without a terminal it does nothing. */
  setRaw(on: boolean): void;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The reader of our output went away (`wharf logs | head`). Not worth a word. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}
