import { UsageError } from '../argv/usage-error.ts';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** `ctrl-p,ctrl-q` as bytes. @throws UsageError for an unknown key */
export function parseDetachKeys(text: string): Uint8Array {
  const bytes = text.split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const letter = /^ctrl-(.)$/.exec(key)?.[1]?.toLowerCase();
    const code = letter === undefined ? -1 : '@abcdefghijklmnopqrstuvwxyz[\\]^_'.indexOf(letter);
    if (code < 0) {
      throw new UsageError(`invalid detach keys (${text}): unknown character: '${key}'`, {
        exitCode: 125,
        hint: 'Keys look like ctrl-p,ctrl-q or a single character.',
      });
    }
    return code;
  });
  return Uint8Array.from(bytes);
}

/** Watches typed bytes for the detach sequence; bytes that only began it are passed on when it does not go on. */
export class DetachWatch {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What to pass on of this input, and whether the sequence was completed. */
  feed(input: Uint8Array): { readonly forward: Uint8Array; readonly detached: boolean } {
    const out: number[] = [];
    for (const byte of input) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { forward: Uint8Array.from(out), detached: true };
        continue;
      }
      out.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) out.push(byte);
    }
    return { forward: Uint8Array.from(out), detached: false };
  }
}
