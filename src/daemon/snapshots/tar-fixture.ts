/** For tests: archives made of a few entries. */
import { byteString, type TarEntry } from './tar-format.ts';
import { encodeTarHeader, paddingAfter, tarTrailer } from './tar-header.ts';

export interface SuiteEntry extends Partial<Omit<TarEntry, 'name' | 'size'>> {
  readonly name: string;
  readonly content?: string | Buffer;
}

/** A tar archive of these entries; files by default, folders when the name ends in a slash. */
export function tarOf(entries: readonly SuiteEntry[]): Buffer {
  const blocks = entries.flatMap(({ content = '', name, ...given }) => {
    const bytes = Buffer.from(content);
    const type = given.type ?? (name.endsWith('/') ? 'dir' : 'file');
    const header = encodeTarHeader({
      type,
      linkName: '',
      mode: type === 'dir' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      mtime: 1_700_000_000,
      devMajor: 0,
      devMinor: 0,
      xattrs: undefined,
      ...given,
      name: byteString(name),
      size: type === 'file' ? bytes.length : 0,
    });
    return type === 'file' ? [header, bytes, Buffer.alloc(paddingAfter(bytes.length))] : [header];
  });
  return Buffer.concat([...blocks, tarTrailer]);
}
