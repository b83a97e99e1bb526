import type { Terminal } from '../terminal/terminal.ts';
import { readLine } from './read-line.ts';

/** Asks a yes-or-no question on the terminal; anything but `y` is no, as is the end of input. */
export async function confirm(terminal: Terminal, question: string, signal: AbortSignal): Promise<boolean> {
  await terminal.out(`${question} [y/N] `);
  const answer = await readLine(terminal, signal);
  return answer?.trim().toLowerCase() === 'y';
}
