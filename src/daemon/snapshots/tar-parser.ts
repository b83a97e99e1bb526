/**
 * A streaming tar parser: ustar, pax (x), GNU long names (L, K) and base-256 numbers. Bytes go in by `write`, entries and
 * their content come out through the sink, synchronously and without copying.
 *
 *     header ──► meta (x, L, K: kept for the next header) ──► header
 *        ├─────► data ──► padding ──► header
 *        └─────► end (two zero blocks); what follows is ignored
 *
 * Global pax headers (g) are skipped, as Go's archive/tar leaves them to its callers and Docker ignores them: applying
 * them here would make the same layer another tree than elsewhere. Sparse files are refused for the same reason.
 */
import { WharfError } from '../../contract/errors.ts';
import { paxXattrPrefix, shownName, type TarEntry, type TarEntryType, tarBlockBytes } from './tar-format.ts';

export interface TarSink {
  /** A file's content follows by `data` until its size is reached, then `endFile` is called; others have none. */
  entry(entry: TarEntry): void;
  data(chunk: Uint8Array): void;
  endFile(): void;
}

/** As Go's archive/tar: names and attributes beyond this are an attack or a mistake. */
const maxMetaBytes = 1 << 20;

/** Of dev_t (makedev(3)). */
const maxDevMajor = 0xfff;
const maxDevMinor = 0xf_ffff;
/** Nanoseconds of it still fit 63 bits. */
const maxTime = 9_223_372_036;

type Stage = 'header' | 'meta' | 'data' | 'padding' | 'end';

const typesByFlag: Readonly<Record<number, TarEntryType>> = {
  0: 'file',
  48: 'file',
  49: 'link',
  50: 'symlink',
  51: 'char',
  52: 'block',
  53: 'dir',
  54: 'fifo',
  55: 'file',
};
const flagX = 0x78;
const flagG = 0x67;
const flagL = 0x4c;
const flagK = 0x4b;
const flagSparse = 0x53;

export class TarParser {
  readonly #sink: TarSink;
  #stage: Stage = 'header';
  /** Bytes wanted before the next step: a block, or the body of a meta entry. */
  #wanted = tarBlockBytes;
  #pieces: Uint8Array[] = [];
  #collected = 0;
  #dataLeft = 0;
  #paddingLeft = 0;
  #metaFlag = 0;
  #metaBytes = 0;
  #zeroBlock = false;
  #pax: Map<string, string> | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws WharfError 'layer.corrupt', and what the sink throws */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#stage) {
        case 'data':
          at = this.#passData(chunk, at);
          break;
        case 'padding': {
          const skipped = Math.min(this.#paddingLeft, chunk.length - at);
          at += skipped;
          this.#paddingLeft -= skipped;
          if (this.#paddingLeft === 0) this.#stage = 'header';
          break;
        }
        case 'header':
        case 'meta':
          at = this.#collect(chunk, at);
          break;
        case 'end':
          return;
      }
    }
  }

  /** The archive is over. @throws WharfError 'layer.corrupt' when it stops in the middle of something */
  end(): void {
    // An archive without its two closing zero blocks is accepted at an entry's end, as by Go and GNU tar.
    if (this.#stage === 'end' || (this.#stage === 'header' && this.#collected === 0)) return;
    throw corrupt('the archive ends in the middle of an entry');
  }

  #passData(chunk: Buffer, at: number): number {
    const count = Math.min(this.#dataLeft, chunk.length - at);
    this.#sink.data(at === 0 && count === chunk.length ? chunk : chunk.subarray(at, at + count));
    this.#dataLeft -= count;
    if (this.#dataLeft === 0) {
      this.#sink.endFile();
      this.#stage = this.#paddingLeft > 0 ? 'padding' : 'header';
    }
    return at + count;
  }

  #collect(chunk: Buffer, at: number): number {
    if (this.#collected === 0 && chunk.length - at >= this.#wanted) {
      const end = at + this.#wanted;
      this.#take(chunk.subarray(at, end));
      return end;
    }
    const count = Math.min(this.#wanted - this.#collected, chunk.length - at);
    // Copied: the chunk's memory may be used again once `write` returns.
    this.#pieces.push(Buffer.from(chunk.subarray(at, at + count)));
    this.#collected += count;
    if (this.#collected === this.#wanted) {
      const block = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#collected = 0;
      this.#take(block);
    }
    return at + count;
  }

  #take(block: Buffer): void {
    if (this.#stage === 'meta') {
      this.#stage = 'header';
      this.#wanted = tarBlockBytes;
      this.#takeMeta(block.subarray(0, this.#metaBytes));
    } else {
      this.#takeHeader(block);
    }
  }

  #takeMeta(body: Buffer): void {
    if (this.#metaFlag === flagL) this.#longName = textField(body, 0, body.length);
    else if (this.#metaFlag === flagK) this.#longLink = textField(body, 0, body.length);
    else if (this.#metaFlag === flagX) this.#pax = parsePax(body);
  }

  #takeHeader(block: Buffer): void {
    if (isZero(block)) {
      if (this.#zeroBlock) this.#stage = 'end';
      this.#zeroBlock = true;
      return;
    }
    if (this.#zeroBlock) throw corrupt('an entry follows the end of the archive');
    verifyChecksum(block);
    const flag = block[156] ?? 0;
    if (flag === flagX || flag === flagG || flag === flagL || flag === flagK) {
      this.#startMeta(flag, numberField(block, 124, 12));
      return;
    }
    const entry = this.#readEntry(block, flag);
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#dataLeft = entry.size;
    this.#paddingLeft = (tarBlockBytes - (entry.size % tarBlockBytes)) % tarBlockBytes;
    this.#sink.entry(entry);
    if (entry.size > 0) this.#stage = 'data';
    else if (entry.type === 'file') this.#sink.endFile();
  }

  #startMeta(flag: number, size: number): void {
    if (size > maxMetaBytes) throw corrupt(`a name or attribute record of ${size} bytes`);
    if (size === 0) return;
    this.#metaFlag = flag;
    this.#metaBytes = size;
    this.#wanted = Math.ceil(size / tarBlockBytes) * tarBlockBytes;
    this.#stage = 'meta';
  }

  #readEntry(block: Buffer, flag: number): TarEntry {
    const pax = this.#pax;
    // An empty value means: as the header says (POSIX, pax).
    const name = pax?.get('path') || this.#longName || headerName(block);
    const known = typesByFlag[flag];
    if (flag === flagSparse || (pax !== undefined && [...pax.keys()].some((key) => key.startsWith('GNU.sparse.')))) {
      throw new WharfError('image.unsupported', `the layer holds a sparse file, ${shownName(name)}`, {
        hint: 'Make the layer without tar --sparse.',
      });
    }
    if (known === undefined) {
      throw corrupt(`${shownName(name)} is of the unknown type ${JSON.stringify(String.fromCharCode(flag))}`);
    }
    // Before ustar a folder was a file whose name ends in a slash.
    const type = known === 'file' && name.endsWith('/') ? 'dir' : known;
    const size = paxNumber(pax, 'size') ?? numberField(block, 124, 12);
    if (name === '' || name.includes('\0')) throw corrupt('an entry without a usable name');
    const linkName = pax?.get('linkpath') || this.#longLink || textField(block, 157, 100);
    if (linkName.includes('\0')) throw corrupt(`${shownName(name)} has a link target with a zero byte`);
    return {
      type,
      name,
      linkName: type === 'link' || type === 'symlink' ? linkName : '',
      mode: numberField(block, 100, 8) & 0o7777,
      uid: owner(paxNumber(pax, 'uid') ?? numberField(block, 108, 8)),
      gid: owner(paxNumber(pax, 'gid') ?? numberField(block, 116, 8)),
      size: type === 'file' ? size : 0,
      mtime: boundTime(paxNumber(pax, 'mtime') ?? signedField(block, 136, 12)),
      devMajor: type === 'char' || type === 'block' ? deviceNumber(block, 329, maxDevMajor) : 0,
      devMinor: type === 'char' || type === 'block' ? deviceNumber(block, 337, maxDevMinor) : 0,
      xattrs: pax === undefined ? undefined : paxXattrs(pax),
    };
  }
}

function headerName(block: Buffer): string {
  const name = textField(block, 0, 100);
  // Only POSIX ustar ("ustar\0") has a prefix field; GNU ("ustar  ") keeps times there.
  if (block[345] === 0 || block[262] !== 0 || block.toString('latin1', 257, 262) !== 'ustar') return name;
  return `${textField(block, 345, 155)}/${name}`;
}

function textField(block: Buffer, from: number, length: number): string {
  let end = from;
  const limit = from + length;
  while (end < limit && block[end] !== 0) end++;
  return block.toString('latin1', from, end);
}

function numberField(block: Buffer, from: number, length: number): number {
  const value = signedField(block, from, length);
  if (value < 0) throw corrupt('a negative number where none may be');
  return value;
}

/** Octal digits, or base-256 when the first bit is set (GNU); two's complement then. */
function signedField(block: Buffer, from: number, length: number): number {
  const first = block[from] ?? 0;
  if ((first & 0x80) === 0) return octalField(block, from, length);
  let value = first & 0x40 ? (first & 0x7f) - 0x80 : first & 0x7f;
  for (let at = from + 1; at < from + length; at++) value = value * 256 + (block[at] ?? 0);
  if (!Number.isSafeInteger(value)) throw corrupt('a number that is too large');
  return value;
}

function octalField(block: Buffer, from: number, length: number): number {
  let at = from;
  const end = from + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit >= 0 && digit < 8) value = value * 8 + digit;
    else if (block[at] === 0 || block[at] === 0x20) break;
    else throw corrupt('a header field that is no number');
  }
  return value;
}

/** The largest number is no owner: to chown(2) it means to change nothing. */
function owner(id: number): number {
  if (id > 0xffff_fffe) throw corrupt(`the owner ${id}, which is beyond 32 bits`);
  return id;
}

/** As dockerd: times before the epoch or after 2262 become the epoch. */
function boundTime(seconds: number): number {
  return seconds < 0 || seconds > maxTime ? 0 : seconds;
}

function deviceNumber(block: Buffer, from: number, max: number): number {
  const value = numberField(block, from, 8);
  if (value > max) throw corrupt(`the device number ${value}, which no kernel has`);
  return value;
}

function paxNumber(pax: ReadonlyMap<string, string> | undefined, key: string): number | undefined {
  const text = pax?.get(key);
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  const whole = key !== 'mtime';
  if (!/^-?\d{1,30}(?:\.\d*)?$/.test(text) || (whole && (!Number.isSafeInteger(value) || value < 0))) {
    throw corrupt(`the attribute ${key} is no number`);
  }
  return value;
}

function paxXattrs(pax: ReadonlyMap<string, string>): ReadonlyMap<string, Buffer> | undefined {
  let xattrs: Map<string, Buffer> | undefined;
  for (const [key, value] of pax) {
    if (!key.startsWith(paxXattrPrefix)) continue;
    xattrs ??= new Map();
    xattrs.set(key.slice(paxXattrPrefix.length), Buffer.from(value, 'latin1'));
  }
  return xattrs;
}

/** `"<length> <key>=<value>\n"`, again and again; the length counts the whole record. */
function parsePax(body: Buffer): Map<string, string> {
  // Not added to those of a header before it: nobody else reads them so, and it would grow without bounds.
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    const length = /^\d{1,7}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (end <= space + 1 || end > body.length || body[end - 1] !== 0x0a) throw corrupt('a broken pax record');
    const record = body.toString('latin1', space + 1, end - 1);
    const equals = record.indexOf('=');
    const key = record.slice(0, Math.max(0, equals));
    if (key === '' || key.includes('\0')) throw corrupt('a pax record without a usable key');
    records.set(key, record.slice(equals + 1));
    at = end;
  }
  return records;
}

function isZero(block: Buffer): boolean {
  if (block[0] !== 0 || block[156] !== 0) return false;
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

/** Sum of all bytes with the sum's own field read as spaces; some old tars summed signed bytes. */
function verifyChecksum(block: Buffer): void {
  const stored = octalField(block, 148, 8);
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let at = 0; at < tarBlockBytes; at++) {
    if (at === 148) at = 156;
    const byte = block[at] ?? 0;
    unsigned += byte;
    if (byte > 127) high++;
  }
  if (stored !== unsigned && stored !== unsigned - high * 256) throw corrupt('a header checksum does not match');
}

export function corrupt(what: string): WharfError {
  return new WharfError('layer.corrupt', `the archive is damaged: ${what}`);
}
