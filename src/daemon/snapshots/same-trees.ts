/**
 * Whether a layer's tree is what its archive unpacks to: compared with one that was unpacked just now. Synchronous, for the
 * worker thread.
 *
 * Times of folders and of marks for deletions are not compared: the archive does not always say them, and then they are
 * those of the unpacking.
 */
import { closeSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { bytePath, shownName } from './tar-format.ts';
import { isOpaque, isOverlayWhiteout, namesIn, readXattrs, statAt } from './tree-ops.ts';

const readBytes = 1 << 20;

export interface TreeCheck {
  readonly checkCancelled: () => void;
  /** Bytes of files compared so far. */
  readonly progress: (bytes: number) => void;
}

/** @throws WharfError 'layer.damaged' that names the first difference */
export function checkSameTree(fresh: string, kept: string, check: TreeCheck): { sizeBytes: number; inodes: number } {
  const comparison = new Comparison(fresh, kept, check);
  comparison.folder('');
  return comparison.usage;
}

class Comparison {
  readonly #fresh: string;
  readonly #kept: string;
  readonly #check: TreeCheck;
  readonly #buffers = [Buffer.alloc(readBytes), Buffer.alloc(readBytes)] as const;
  /** Of files with several names: the inode there by the inode here. */
  readonly #links = new Map<number, number>();
  #bytes = 0;
  #entries = 0;

  constructor(fresh: string, kept: string, check: TreeCheck) {
    this.#fresh = fresh;
    this.#kept = kept;
    this.#check = check;
  }

  get usage(): { sizeBytes: number; inodes: number } {
    return { sizeBytes: this.#bytes, inodes: this.#entries };
  }

  folder(inside: string): void {
    this.#check.checkCancelled();
    const kept = statAt(`${this.#kept}${inside}`);
    if (!kept?.isDirectory()) throw damaged(inside, 'is no folder');
    const names = namesIn(`${this.#fresh}${inside}`);
    const wanted = new Set(names);
    for (const name of namesIn(`${this.#kept}${inside}`))
      if (!wanted.has(name)) throw damaged(`${inside}/${name}`, 'does not belong there');
    for (const name of names) this.#entry(`${inside}/${name}`);
  }

  #entry(inside: string): void {
    this.#entries++;
    const [fresh, kept] = [statAt(`${this.#fresh}${inside}`), statAt(`${this.#kept}${inside}`)];
    if (fresh === undefined) return;
    if (kept === undefined) throw damaged(inside, 'is missing');
    this.#attributes(inside, fresh, kept);
    if (fresh.isDirectory()) {
      if (isOpaque(`${this.#fresh}${inside}`) !== isOpaque(`${this.#kept}${inside}`))
        throw damaged(inside, 'hides other things of the layers below');
      this.folder(inside);
    } else if (fresh.isSymbolicLink()) {
      const target = (root: string) => readlinkSync(bytePath(`${root}${inside}`), { encoding: 'latin1' });
      if (target(this.#fresh) !== target(this.#kept)) throw damaged(inside, 'leads somewhere else');
    } else if (fresh.isFile() && this.#isFirstName(inside, fresh, kept)) this.#content(inside, fresh.size);
  }

  #attributes(inside: string, fresh: Stats, kept: Stats): void {
    if (fresh.mode !== kept.mode) throw damaged(inside, 'has another kind or mode');
    if (fresh.uid !== kept.uid || fresh.gid !== kept.gid) throw damaged(inside, 'has another owner');
    if (fresh.rdev !== kept.rdev) throw damaged(inside, 'is another device');
    if (fresh.isDirectory() || isOverlayWhiteout(fresh)) return;
    if (fresh.size !== kept.size) throw damaged(inside, `has ${kept.size} bytes instead of ${fresh.size}`);
    if (fresh.mtimeMs !== kept.mtimeMs) throw damaged(inside, 'has another time');
    const attributes = (root: string) =>
      [...(readXattrs(`${root}${inside}`) ?? [])].map(([name, value]) => `${name}=${value.toString('hex')}`).sort();
    if (attributes(this.#fresh).join() !== attributes(this.#kept).join()) throw damaged(inside, 'has other attributes');
  }

  /** False for a further name of a file that was compared. */
  #isFirstName(inside: string, fresh: Stats, kept: Stats): boolean {
    if (fresh.nlink !== kept.nlink) throw damaged(inside, 'has another number of names');
    if (fresh.nlink === 1) return true;
    const known = this.#links.get(fresh.ino);
    if (known !== undefined && known !== kept.ino) throw damaged(inside, 'is another file than its other names');
    this.#links.set(fresh.ino, kept.ino);
    return known === undefined;
  }

  #content(inside: string, size: number): void {
    const fds: number[] = [];
    try {
      for (const root of [this.#fresh, this.#kept]) fds.push(openSync(bytePath(`${root}${inside}`), 'r'));
      const [left = -1, right = -1] = fds;
      for (let at = 0; at < size; ) {
        this.#check.checkCancelled();
        const read = readFully(left, this.#buffers[0], at);
        if (read === 0) break;
        const other = readFully(right, this.#buffers[1], at);
        if (!this.#buffers[0].subarray(0, read).equals(this.#buffers[1].subarray(0, other)))
          throw damaged(inside, `differs within bytes ${at} to ${at + read}`);
        at += read;
        this.#bytes += read;
        this.#check.progress(this.#bytes);
      }
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  }
}

function readFully(fd: number, buffer: Buffer, position: number): number {
  let total = 0;
  while (total < buffer.length) {
    const read = readSync(fd, buffer, total, buffer.length - total, position + total);
    if (read === 0) break;
    total += read;
  }
  return total;
}

function damaged(inside: string, what: string): WharfError {
  return new WharfError('layer.damaged', `${JSON.stringify(shownName(inside || '/').slice(0, 300))} ${what}`);
}
