import { demultiplex } from '../../client/stdcopy.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Writes a container's output to the terminal's streams until it ends. */
export async function pumpOutput(body: ReadableStream<Uint8Array>, framed: boolean, terminal: Terminal): Promise<void> {
  if (!framed) {
    for await (const chunk of body) await terminal.out(chunk);
    return;
  }
  for await (const { stream, bytes } of demultiplex(body)) {
    await (stream === 'stdout' ? terminal.out(bytes) : terminal.err(bytes));
  }
}
