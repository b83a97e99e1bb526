import { InterruptedError } from '../terminal/signals.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** One line of standard input without its end, or undefined when input ends first. Reads no further than it must. */
export async function readLine(terminal: Terminal, signal: AbortSignal): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of until(terminal.input(), signal)) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end).replace(/\r$/, '');
  }
  return text === '' ? undefined : text;
}

/** All of standard input as text, at most a megabyte. */
export async function readAll(terminal: Terminal, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of until(terminal.input(), signal)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > 1024 * 1024) throw new Error('reading standard input: more than a megabyte');
  }
  return text + decoder.decode();
}

/** A secret typed on the terminal, not shown. Ctrl-C throws what the signal would abort with, Ctrl-D on an empty line ends. */
export async function readSecret(terminal: Terminal, question: string, signal: AbortSignal): Promise<string> {
  await terminal.err(question);
  terminal.setRaw(true);
  try {
    let text = '';
    for await (const chunk of until(terminal.input(), signal)) {
      for (const character of new TextDecoder().decode(chunk)) {
        if (character === '\r' || character === '\n') return text;
        if (character === '\u0003') throw new InterruptedError(128 + 2);
        if (character === '\u0004' && text === '') return text;
        if (character === '\u007f' || character === '\b') text = [...text].slice(0, -1).join('');
        else if (character >= ' ') text += character;
      }
    }
    return text;
  } finally {
    terminal.setRaw(false);
    await terminal.err('\n');
  }
}

/** Iterates until the signal aborts, which it throws. */
async function* until(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  aborted.promise.catch(() => undefined);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const step = await Promise.race([iterator.next(), aborted.promise]);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
