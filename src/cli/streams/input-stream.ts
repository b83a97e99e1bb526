import type { Terminal } from '../terminal/terminal.ts';

/** Standard input as a stream to upload. */
export function inputStream(terminal: Terminal): ReadableStream<Uint8Array> {
  return ReadableStream.from(terminal.input());
}
