/**
 * Headers of tar archives: ustar blocks of 512 bytes, with pax records for what does not fit (POSIX.1-2001, pax). Reading
 * also knows GNU's long names.
 */
export const blockBytes = 512;

export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';

export interface TarEntry {
  readonly path: string;
  readonly kind: TarKind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly linkTarget: string;
}

const typeFlags = { file: '0', hardlink: '1', symlink: '2', directory: '5', other: '0' } as const;

/** The blocks that introduce an entry; the data and its padding follow. */
export function encodeHeader(entry: TarEntry): Uint8Array {
  const records: Record<string, string> = {};
  const path = entry.kind === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(path) > 100) records.path = path;
  if (Buffer.byteLength(entry.linkTarget) > 100) records.linkpath = entry.linkTarget;
  if (entry.sizeBytes >= 8 ** 11) records.size = String(entry.sizeBytes);
  if (entry.uid >= 8 ** 7) records.uid = String(entry.uid);
  if (entry.gid >= 8 ** 7) records.gid = String(entry.gid);
  const main = ustarBlock({ ...entry, path }, typeFlags[entry.kind]);
  if (Object.keys(records).length === 0) return main;
  const data = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)));
  const pax = ustarBlock({ ...entry, path: 'pax', linkTarget: '', mode: 0o644, sizeBytes: data.length }, 'x');
  return Buffer.concat([pax, data, Buffer.alloc(paddingOf(data.length)), main]);
}

export function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

/** `<length> key=value\n`, the length counting itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function ustarBlock(entry: TarEntry, typeFlag: string): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(entry.path, 0, 100);
  octal(block, entry.mode & 0o7777, 100, 8);
  octal(block, entry.uid % 8 ** 7, 108, 8);
  octal(block, entry.gid % 8 ** 7, 116, 8);
  octal(block, entry.sizeBytes % 8 ** 11, 124, 12);
  octal(block, Math.max(0, Math.floor(entry.mtimeMs / 1000)), 136, 12);
  block.fill(' ', 148, 156);
  block.write(typeFlag, 156, 1);
  block.write(entry.linkTarget, 157, 100);
  block.write('ustar\u000000', 257, 8, 'latin1');
  octal(
    block,
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

function octal(block: Buffer, value: number, at: number, length: number): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, length, 'latin1');
}

/** Values that earlier pax or GNU headers set for the next entry. */
export type PaxValues = Readonly<Record<string, string>>;

export type ParsedHeader =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  /** Its data are values for the next entry. */
  | { readonly kind: 'pax' | 'gnu-path' | 'gnu-link' | 'skip'; readonly sizeBytes: number }
  | { readonly kind: 'end' };

/** @throws Error for a block that is no header */
export function decodeHeader(block: Buffer, pax: PaxValues): ParsedHeader {
  if (block.every((byte) => byte === 0)) return { kind: 'end' };
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== number(block, 148, 8)) throw new Error('reading the archive: a header has the wrong checksum');
  const typeFlag = String.fromCharCode(block[156] ?? 0);
  const sizeBytes = pax.size === undefined ? number(block, 124, 12) : Number(pax.size);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
    throw new Error('reading the archive: an entry has an impossible size');
  if (typeFlag === 'x') return { kind: 'pax', sizeBytes };
  if (typeFlag === 'L') return { kind: 'gnu-path', sizeBytes };
  if (typeFlag === 'K') return { kind: 'gnu-link', sizeBytes };
  if (typeFlag === 'g') return { kind: 'skip', sizeBytes };
  const prefix = text(block, 257, 5) === 'ustar' && text(block, 257, 8) !== 'ustar  ' ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const kind = kindOf(typeFlag);
  return {
    kind: 'entry',
    entry: {
      path: pax.path ?? (prefix === '' ? name : `${prefix}/${name}`),
      kind,
      mode: number(block, 100, 8) & 0o7777,
      uid: pax.uid === undefined ? number(block, 108, 8) : Number(pax.uid),
      gid: pax.gid === undefined ? number(block, 116, 8) : Number(pax.gid),
      sizeBytes: kind === 'file' || kind === 'other' ? sizeBytes : 0,
      mtimeMs: pax.mtime === undefined ? number(block, 136, 12) * 1000 : Number(pax.mtime) * 1000,
      linkTarget: pax.linkpath ?? text(block, 157, 100),
    },
  };
}

export function parsePaxRecords(data: Buffer): PaxValues {
  const values: Record<string, string> = {};
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(32, at);
    const length = Number(data.toString('latin1', at, space));
    if (space < 0 || !Number.isInteger(length) || length <= 0)
      throw new Error('reading the archive: a broken pax header');
    const record = data.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    values[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return values;
}

function kindOf(typeFlag: string): TarKind {
  if (typeFlag === '0' || typeFlag === '\0' || typeFlag === '7') return 'file';
  if (typeFlag === '5') return 'directory';
  if (typeFlag === '2') return 'symlink';
  return typeFlag === '1' ? 'hardlink' : 'other';
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end < 0 || end > at + length ? at + length : end);
}

/** Octal text, or base 256 when the first bit is set. */
function number(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) {
    let value = (block[at] ?? 0) & 0x7f;
    for (let index = 1; index < length; index += 1) value = value * 256 + (block[at + index] ?? 0);
    return value;
  }
  return Number.parseInt(text(block, at, length).trim() || '0', 8);
}
