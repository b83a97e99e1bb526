/** Writes tar headers: ustar, with a pax header before them for what ustar can't say. */
import { paxXattrPrefix, type TarEntry, type TarEntryType, tarBlockBytes } from './tar-format.ts';

const flags: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
};
const maxOctal7 = 0o7777777;
const maxOctal11 = 0o77777777777;
const beyondAscii = /[^\x20-\x7e]/;

/** The header blocks of an entry; its content, padded to 512 bytes, follows. */
export function encodeTarHeader(entry: TarEntry): Buffer {
  const records = paxRecords(entry);
  const mtime = Math.max(0, Math.min(Math.floor(entry.mtime), maxOctal11));
  const block = ustarBlock({ ...entry, mtime }, flags[entry.type]);
  if (records.length === 0) return block;
  const body = Buffer.concat(records);
  const pax = ustarBlock(
    {
      ...entry,
      name: 'PaxHeaders/entry',
      linkName: '',
      size: body.length,
      mode: 0o644,
      mtime,
      uid: 0,
      gid: 0,
      devMajor: 0,
      devMinor: 0,
    },
    'x',
  );
  return Buffer.concat([pax, body, Buffer.alloc(paddingAfter(body.length)), block]);
}

export function paddingAfter(size: number): number {
  return (tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes;
}

/** The end of an archive. */
export const tarTrailer: Buffer = Buffer.alloc(2 * tarBlockBytes);

function paxRecords(entry: TarEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Buffer) => {
    records.push(paxRecord(key, typeof value === 'string' ? Buffer.from(value, 'latin1') : value));
  };
  if (!fitsName(entry.name)) add('path', entry.name);
  if (entry.linkName.length > 100 || beyondAscii.test(entry.linkName)) add('linkpath', entry.linkName);
  if (entry.size > maxOctal11) add('size', String(entry.size));
  if (entry.uid > maxOctal7) add('uid', String(entry.uid));
  if (entry.gid > maxOctal7) add('gid', String(entry.gid));
  if (!Number.isInteger(entry.mtime) || entry.mtime < 0 || entry.mtime > maxOctal11) add('mtime', String(entry.mtime));
  for (const [name, value] of entry.xattrs ?? []) add(paxXattrPrefix + name, value);
  return records;
}

function fitsName(name: string): boolean {
  return name.length <= 100 && !beyondAscii.test(name);
}

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  // The length counts its own digits.
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function ustarBlock(entry: TarEntry, flag: string): Buffer {
  const block = Buffer.alloc(tarBlockBytes);
  const octal = (value: number, at: number, digits: number, max: number) => {
    block.write((value > max ? 0 : value).toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(entry.mode & 0o7777, 100, 7, maxOctal7);
  octal(entry.uid, 108, 7, maxOctal7);
  octal(entry.gid, 116, 7, maxOctal7);
  octal(entry.size, 124, 11, maxOctal11);
  octal(entry.mtime, 136, 11, maxOctal11);
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(flag, 156, 'latin1');
  block.write(entry.linkName.slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(entry.devMajor, 329, 7, maxOctal7);
  octal(entry.devMinor, 337, 7, maxOctal7);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
