/**
 * Docker's framing of container output without a terminal: frames of
 *
 *   [stream: 0 stdin, 1 stdout, 2 stderr, 3 system error][0][0][0][length: 32 bits, big endian] payload
 *
 * Engine API, "Attach to a container: stream format".
 */
import { WharfError } from '../contract/errors.ts';

export type OutputStream = 'stdout' | 'stderr';
export interface OutputChunk {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

const headerBytes = 8;

/** One frame: header and payload. */
export function encodeFrame(stream: OutputStream, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerBytes + payload.length);
  frame[0] = stream === 'stdout' ? 1 : 2;
  new DataView(frame.buffer).setUint32(4, payload.length);
  frame.set(payload, headerBytes);
  return frame;
}

/**
 * Takes a framed stream apart as it comes. A large frame is handed out in pieces as they arrive; nothing is copied.
 * Leaving the loop cancels the stream.
 * @throws WharfError 'engine.protocol' on a broken header or a cut frame; 'engine.failed' with the engine's own report
 */
export async function* demultiplex(stream: ReadableStream<Uint8Array>): AsyncGenerator<OutputChunk, void, undefined> {
  const reader = stream.getReader();
  const header = new Uint8Array(headerBytes);
  const headerView = new DataView(header.buffer);
  let headerFill = 0;
  let left = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      let at = 0;
      while (at < value.length) {
        if (left === 0) {
          const taken = value.subarray(at, at + headerBytes - headerFill);
          header.set(taken, headerFill);
          headerFill += taken.length;
          at += taken.length;
          if (headerFill < headerBytes) break;
          headerFill = 0;
          left = headerView.getUint32(4);
          checkHeader(header);
          continue;
        }
        const bytes = value.subarray(at, at + left);
        at += bytes.length;
        left -= bytes.length;
        if (header[0] === 3) throw new WharfError('engine.failed', new TextDecoder().decode(bytes));
        yield { stream: header[0] === 2 ? 'stderr' : 'stdout', bytes };
      }
    }
    if (left > 0 || headerFill > 0) {
      throw new WharfError('engine.protocol', 'reading container output: the stream was cut inside a frame');
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function checkHeader(header: Uint8Array): void {
  const stream = header[0] ?? 255;
  if (stream <= 3 && header[1] === 0 && header[2] === 0 && header[3] === 0) return;
  throw new WharfError('engine.protocol', `reading container output: not a frame header (first byte ${stream})`, {
    hint: 'The container has a terminal, so its output is not framed; read it as raw bytes.',
  });
}

/** Whether an answer's bytes are framed, by its content type. */
export function isMultiplexed(contentType: string | undefined): boolean {
  return contentType?.startsWith('application/vnd.docker.multiplexed-stream') ?? false;
}
