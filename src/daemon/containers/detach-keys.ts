import { WharfError } from '../../contract/errors.ts';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/**
 * Docker's detach sequence: keys separated by commas, each one character, `DEL`, or `ctrl-` and a-z, @, [, \, ], ^ or _.
 * @throws WharfError 'request.invalid'
 */
export function parseDetachKeys(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const key of (text || defaultDetachKeys).split(',')) {
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control !== undefined) bytes.push(control.toUpperCase().charCodeAt(0) & 0x1f);
    else if (key === 'DEL') bytes.push(127);
    else if (key.length === 1) bytes.push(key.charCodeAt(0));
    else throw new WharfError('request.invalid', `Invalid detach keys (${text}) provided`);
  }
  return Uint8Array.from(bytes);
}

/** Watches input for the sequence, across chunks. Keys that turn out not to be the sequence are passed on. */
export interface DetachWatch {
  /** What to pass on; `detached` when the sequence is complete. */
  feed(chunk: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean };
}

export function createDetachWatch(keys: Uint8Array): DetachWatch {
  let matched = 0;
  return {
    feed(chunk) {
      const pass: number[] = [];
      for (const byte of chunk) {
        if (byte === keys[matched]) {
          matched++;
          if (matched === keys.length) return { pass: Uint8Array.from(pass), detached: true };
          continue;
        }
        pass.push(...keys.subarray(0, matched));
        matched = byte === keys[0] ? 1 : 0;
        if (matched === 0) pass.push(byte);
      }
      // A usual chunk has no key of the sequence in it and goes on without a copy.
      return { pass: pass.length === chunk.length ? chunk : Uint8Array.from(pass), detached: false };
    },
  };
}
