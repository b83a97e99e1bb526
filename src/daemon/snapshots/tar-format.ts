/**
 * The shape of one tar entry, shared by the reader and the writer.
 *
 * Names, link targets and pax values are byte strings: one character a byte (latin1). File names on Linux are bytes, not
 * text, and what a layer says must come out again byte for byte. `bytePath` turns one into what node:fs takes.
 */
export type TarEntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'dir' | 'fifo';

export interface TarEntry {
  readonly type: TarEntryType;
  /** Byte string, as written in the archive: may be absolute or hold `..`. */
  readonly name: string;
  /** Byte string; '' unless a link or symlink. */
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 unless a file. */
  readonly size: number;
  /** Seconds since the epoch, with fractions. */
  readonly mtime: number;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Extended attributes by name; undefined for none, which is the usual case. */
  readonly xattrs: ReadonlyMap<string, Buffer> | undefined;
}

export const tarBlockBytes = 512;
/** Prefix of pax records that carry extended attributes (star's, used by Docker and the OCI tools). */
export const paxXattrPrefix = 'SCHILY.xattr.';

const beyondAscii = /[\x80-\xff]/;

/** A byte string as node:fs takes it: text where it is plain ASCII, else its bytes. */
export function bytePath(name: string): string | Buffer {
  return beyondAscii.test(name) ? Buffer.from(name, 'latin1') : name;
}

/** The byte string of a name or path given as text. */
export function byteString(text: string): string {
  return beyondLatin.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

const beyondLatin = /[^\0-\x7f]/;

/** For messages: the bytes read as UTF-8. */
export function shownName(name: string): string {
  return beyondAscii.test(name) ? Buffer.from(name, 'latin1').toString('utf8') : name;
}

/**
 * The parts of a path inside a root, `.` and empty ones left out and `..` resolved; undefined when it climbs out.
 * A leading slash means the root.
 */
export function insideParts(name: string): string[] | undefined {
  // Most names are already plain; splitting is only half the cost of checking each part.
  const parts = name.split('/');
  if (!/(?:^|\/)\.{0,2}(?:\/|$)/.test(name)) return parts;
  const inside: string[] = [];
  for (const part of parts) {
    if (part === '' || part === '.') continue;
    if (part !== '..') inside.push(part);
    else if (inside.pop() === undefined) return undefined;
  }
  return inside;
}
