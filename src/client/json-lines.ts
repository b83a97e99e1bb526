/** Newline-separated JSON documents out of a byte stream, and the errors that progress streams carry inside. */
import { isErrorCode, WharfError } from '../contract/errors.ts';
import type { ProgressMessage } from '../contract/types/images.ts';

/** A document longer than this is refused: nothing the engine sends comes near. */
const documentMaxChars = 32 * 1024 * 1024;

/**
 * Documents as they arrive. Leaving the loop cancels the stream. Documents are separated by line ends (NDJSON) or follow
 * each other directly, as dockerd's stats do between lines.
 * @throws WharfError 'engine.protocol' when a line is not JSON
 */
export async function* jsonLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      let from = 0;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
        const line = rest.slice(from, end).trim();
        from = end + 1;
        if (line !== '') yield parseDocument(line);
      }
      rest = rest.slice(from);
      if (done) break;
      if (rest.length > documentMaxChars) {
        throw new WharfError('engine.protocol', "reading the engine's stream: one document is larger than 32 MiB");
      }
    }
    const last = rest.trim();
    if (last !== '') yield parseDocument(last);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WharfError('engine.protocol', `reading the engine's stream: not JSON: ${text.slice(0, 120)}`, { cause });
  }
}

/** The failure a progress stream (pull, push, load) reports in one of its lines; undefined for every other line. */
export function progressError(message: ProgressMessage): WharfError | undefined {
  const text = message.errorDetail?.message ?? message.error;
  if (text === undefined || text === '') return undefined;
  const code = message.errorDetail?.wharfCode;
  return new WharfError(isErrorCode(code) ? code : 'engine.failed', text, { hint: message.errorDetail?.hint });
}
