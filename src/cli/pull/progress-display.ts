import type { ProgressMessage } from '../../contract/engine-types.ts';
import { isErrorCode, WharfError } from '../../contract/errors.ts';
import { humanSize } from '../format/sizes.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface ProgressOptions {
  /** Redraw lines in place; else only whole steps are printed, a line each. */
  readonly redraw: boolean;
  readonly columns: number;
  readonly write: (text: string) => Promise<void>;
  /** Called for `aux` documents. */
  readonly onAux?: (aux: unknown) => void;
}

/** Where pull and push progress goes. */
export function progressTo(terminal: Terminal, stream: 'stdout' | 'stderr'): ProgressOptions {
  return {
    redraw: stream === 'stdout' ? terminal.stdoutIsTty : terminal.stderrIsTty,
    columns: terminal.size().columns,
    write: (text) => (stream === 'stdout' ? terminal.out(text) : terminal.err(text)),
  };
}

/**
 * Shows a progress stream the way docker does: on a terminal each ID has a line that is redrawn in place, elsewhere the
 * lines without a progress bar are printed one after the other.
 * @throws WharfError with the engine's words for an error document
 */
export async function showProgress(messages: AsyncIterable<ProgressMessage>, options: ProgressOptions): Promise<void> {
  const lineOf = new Map<string, number>();
  let lines = 0;
  for await (const message of messages) {
    throwIfFailed(message);
    if (message.aux !== undefined) {
      options.onAux?.(message.aux);
      continue;
    }
    const bar = progressText(message, options.columns);
    if (message.stream !== undefined) {
      await options.write(message.stream);
      continue;
    }
    if (!options.redraw) {
      if (bar === '') await options.write(`${withId(message)}\n`);
      continue;
    }
    const text = cutToWidth(`${withId(message)}${bar === '' ? '' : ` ${bar}`}`, options.columns);
    const id = message.id ?? '';
    const known = id === '' ? undefined : lineOf.get(id);
    if (known === undefined) {
      // A line without an ID ends the block of lines that may still change.
      if (id === '') lineOf.clear();
      else lineOf.set(id, lines);
      lines += 1;
      await options.write(`\r\u001b[2K${text}\n`);
    } else {
      const up = lines - known;
      await options.write(`\u001b[${up}A\r\u001b[2K${text}\r\u001b[${up}B`);
    }
  }
}

/** @throws WharfError */
export function throwIfFailed(message: ProgressMessage): void {
  const detail = message.errorDetail;
  const text = detail?.message ?? message.error;
  if (text === undefined) return;
  const code = isErrorCode(detail?.wharfCode) ? detail.wharfCode : 'engine.failed';
  throw new WharfError(code, text, { hint: detail?.hint ?? '' });
}

function withId(message: ProgressMessage): string {
  const status = message.status ?? '';
  return message.id === undefined || message.id === '' ? status : `${message.id}: ${status}`;
}

/** The bar and the numbers, or '' when the message carries none. The bar needs 110 columns, as in docker. */
export function progressText(message: ProgressMessage, columns: number): string {
  const current = message.progressDetail?.current ?? 0;
  const total = message.progressDetail?.total ?? 0;
  if (current <= 0 && total <= 0) return '';
  const done =
    message.progressDetail?.units === undefined || message.progressDetail.units === ''
      ? humanSize(current)
      : String(current);
  if (total <= 0) return done.padStart(8);
  const half = Math.min(Math.trunc(Math.trunc((current / total) * 100) / 2), 50);
  const bar = columns > 110 ? `[${'='.repeat(half)}>${' '.repeat(50 - half)}] ` : '';
  if (message.progressDetail?.hidecounts === true) return bar.trimEnd();
  const whole =
    message.progressDetail?.units === undefined || message.progressDetail.units === ''
      ? humanSize(total)
      : `${total} ${message.progressDetail.units}`;
  return current > total ? `${bar}${done.padStart(8)}` : `${bar}${done.padStart(8)}/${whole}`;
}

/** A line that wrapped would take two rows and spoil the counting. */
function cutToWidth(text: string, columns: number): string {
  return text.length < columns ? text : text.slice(0, Math.max(columns - 1, 1));
}
