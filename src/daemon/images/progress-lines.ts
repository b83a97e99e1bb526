/** Docker's progress lines of pull and push. Texts as in moby's progress and jsonmessage packages. */
import type { Digest } from '../../oci/digest.ts';
import { shortId } from './image-record.ts';
import type { ProgressMessage } from './image-service.ts';

const barWidth = 50;
const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
/** A moving line is told at most this often. */
const intervalMs = 100;

/** The lines of one layer. Repeats of a line that does not move are left out, and moving ones are thinned. */
export class LayerProgress {
  readonly #id: string;
  readonly #tell: (message: ProgressMessage) => void;
  #status = '';
  #toldAt = 0;

  constructor(digest: Digest, tell: (message: ProgressMessage) => void) {
    this.#id = shortId(digest);
    this.#tell = tell;
  }

  /** A line without a bar: `Waiting`, `Download complete`, ... */
  say(status: string): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#tell({ status, progressDetail: {}, id: this.#id });
  }

  /** A line with a bar: `Downloading`, `Extracting`, `Pushing`. */
  move(status: string, current: number, total: number): void {
    const now = performance.now();
    if (status === this.#status && now - this.#toldAt < intervalMs && current < total) return;
    this.#status = status;
    this.#toldAt = now;
    this.#tell({
      status,
      progressDetail: { current, total },
      progress: progressBar(current, total),
      id: this.#id,
    });
  }
}

/** `[====>     ]  1.2MB/3.4MB`. */
export function progressBar(current: number, total: number): string {
  const size = humanSize(current).padStart(8);
  if (total <= 0) return size;
  const filled = Math.min(barWidth, Math.floor(Math.floor((current / total) * 100) / 2));
  const bar = `[${'='.repeat(filled)}>${' '.repeat(barWidth - filled)}] `;
  return current > total ? bar + size : `${bar}${size}/${humanSize(total)}`;
}

/** Decimal units with four significant digits, as go-units' HumanSize. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
