/**
 * Checks bcrypt hashes, the kind of `htpasswd -B` that docker's registry wants. Node has none, and a check must not need a
 * native package. Source: Provos and Mazières, "A Future-Adaptable Password Scheme", and Schneier's Blowfish; the Blowfish
 * tables are the first 1042 words of pi's fraction, so they are computed and not listed.
 */
import { setImmediate } from 'node:timers/promises';

interface Bcrypt {
  readonly cost: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const form = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const magic = Buffer.from('OrpheanBeholderScryDoubt');
const maxKeyBytes = 72;
const subkeys = 18;
const tableWords = subkeys + 4 * 256;
const hashBytes = 23;
/** Between these the event loop has its turn: the registry serves on while a password is checked. */
const roundsAtOnce = 16;

/** Undefined when it is no bcrypt hash. */
export function parseBcrypt(text: string): Bcrypt | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, cost, salt = '', hash = ''] = match;
  return { cost: Number(cost), salt: decode(salt, 16), hash: decode(hash, hashBytes) };
}

/** The hash of a password with this salt and cost. */
export async function bcryptHash(password: string, cost: number, salt: Uint8Array): Promise<Buffer> {
  const key = words(Buffer.concat([Buffer.from(password), Buffer.of(0)]).subarray(0, maxKeyBytes), subkeys);
  const saltWords = words(salt, 4);
  const longSalt = words(salt, subkeys);
  const state = new Blowfish();
  state.expand(key, saltWords);
  const rounds = 2 ** cost;
  for (let round = 0; round < rounds; round++) {
    state.expand(key);
    state.expand(longSalt);
    if (round % roundsAtOnce === roundsAtOnce - 1) await setImmediate();
  }
  const text = words(magic, 6);
  for (let at = 0; at < 6; at += 2) for (let times = 0; times < 64; times++) state.encipher(text, at);
  const out = Buffer.alloc(24);
  for (const [at, word] of text.entries()) out.writeUInt32BE(word, at * 4);
  return out.subarray(0, hashBytes);
}

class Blowfish {
  /** Subkeys, then the four S-boxes. */
  readonly #table: Uint32Array;

  constructor() {
    piWords ??= fractionOfPi(tableWords);
    this.#table = piWords.slice();
  }

  expand(key: Uint32Array, salt: Uint32Array = new Uint32Array(4)): void {
    const table = this.#table;
    for (let at = 0; at < subkeys; at++) table[at] = (table[at] ?? 0) ^ (key[at] ?? 0);
    const pair = new Uint32Array(2);
    for (let at = 0; at < tableWords; at += 2) {
      const from = at % 4;
      pair[0] = (pair[0] ?? 0) ^ (salt[from] ?? 0);
      pair[1] = (pair[1] ?? 0) ^ (salt[from + 1] ?? 0);
      this.encipher(pair, 0);
      table[at] = pair[0];
      table[at + 1] = pair[1] ?? 0;
    }
  }

  encipher(block: Uint32Array, at: number): void {
    const t = this.#table;
    let left = block[at] ?? 0;
    let right = block[at + 1] ?? 0;
    for (let round = 0; round < 16; round++) {
      left ^= t[round] ?? 0;
      const a = t[subkeys + (left >>> 24)] ?? 0;
      const b = t[subkeys + 256 + ((left >>> 16) & 255)] ?? 0;
      const c = t[subkeys + 512 + ((left >>> 8) & 255)] ?? 0;
      const d = t[subkeys + 768 + (left & 255)] ?? 0;
      right ^= (((a + b) ^ c) + d) | 0;
      [left, right] = [right, left];
    }
    block[at] = right ^ (t[17] ?? 0);
    block[at + 1] = left ^ (t[16] ?? 0);
  }
}

let piWords: Uint32Array | undefined;

/** Machin: pi = 16 atan(1/5) - 4 atan(1/239), in fixed point with some words to spare. */
function fractionOfPi(count: number): Uint32Array {
  const bits = BigInt(count * 32);
  const spare = 64n;
  const one = 1n << (bits + spare);
  const atanOfInverse = (x: bigint): bigint => {
    let power = one / x;
    let sum = power;
    for (let odd = 3n, sign = -1n; power > 0n; odd += 2n, sign = -sign) {
      power /= x * x;
      sum += (sign * power) / odd;
    }
    return sum;
  };
  const pi = (16n * atanOfInverse(5n) - 4n * atanOfInverse(239n)) >> spare;
  const hex = (pi - (3n << bits)).toString(16).padStart(count * 8, '0');
  return Uint32Array.from({ length: count }, (_, at) => Number.parseInt(hex.slice(at * 8, at * 8 + 8), 16));
}

/** Bytes, over and over, as big-endian words. */
function words(bytes: Uint8Array, count: number): Uint32Array {
  const byte = (at: number): number => bytes[at % bytes.length] ?? 0;
  return Uint32Array.from({ length: count }, (_, at) => {
    const from = at * 4;
    return ((byte(from) << 24) | (byte(from + 1) << 16) | (byte(from + 2) << 8) | byte(from + 3)) >>> 0;
  });
}

function decode(text: string, byteCount: number): Buffer {
  const out = Buffer.alloc(byteCount);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    held = ((held << 6) | alphabet.indexOf(letter)) & 0xffff;
    bits += 6;
    if (bits < 8 || at === byteCount) continue;
    bits -= 8;
    out[at++] = (held >> bits) & 255;
  }
  return out;
}
