/** For tests: archives block by block, so that they can say what no honest writer would. */
import { encodeTarHeader, paddingAfter, tarTrailer } from './tar-header.ts';

export interface RawHeader {
  /** Bytes of the name field, at most 100. */
  readonly name: string | Buffer;
  /** Type flag. */
  readonly flag?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly content?: string | Buffer;
  /** Instead of the content's length. */
  readonly size?: number;
  /** Bytes put over the header before its checksum is made, by their place. */
  readonly over?: readonly (readonly [at: number, bytes: string | Buffer])[];
}

/** A header with its content, padded. */
export function rawEntry(header: RawHeader): Buffer {
  const content = Buffer.from(header.content ?? '');
  const block = encodeTarHeader({
    type: 'file',
    name: 'x',
    linkName: '',
    mode: header.mode ?? 0o644,
    uid: 0,
    gid: 0,
    size: header.size ?? content.length,
    mtime: 1_700_000_000,
    devMajor: 0,
    devMinor: 0,
    xattrs: undefined,
  });
  block.fill(0, 0, 100);
  Buffer.from(header.name).copy(block, 0, 0, 100);
  block.write(header.flag ?? '0', 156, 'latin1');
  block.write(header.link ?? '', 157, 'latin1');
  for (const [at, bytes] of header.over ?? []) Buffer.from(bytes).copy(block, at);
  fixChecksum(block);
  return Buffer.concat([block, content, Buffer.alloc(paddingAfter(content.length))]);
}

export function fixChecksum(block: Buffer): void {
  block.write(' '.repeat(8), 148);
  let sum = 0;
  for (const byte of block.subarray(0, 512)) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

/** The records of a pax header, in this order; a key may come more than once. */
export function paxRecords(records: readonly (readonly [key: string, value: string | Buffer])[]): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

/** A pax header; the entry it is about follows. */
export function paxHeader(records: readonly (readonly [key: string, value: string | Buffer])[], flag = 'x'): Buffer {
  return rawEntry({ name: 'PaxHeaders/x', flag, content: paxRecords(records) });
}

/** GNU's header for a long name (L) or link target (K). */
export function gnuLong(flag: 'L' | 'K', text: string): Buffer {
  return rawEntry({ name: '././@LongLink', flag, content: `${text}\0` });
}

export function rawTar(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, tarTrailer]);
}
