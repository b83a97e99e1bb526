/**
 * Where the registry keeps its bytes. Paths are relative, `/`-separated, made by `storage-paths.ts` only.
 * Every driver passes `storage-driver-suite.ts`.
 *
 * 1. `write` and `commit` are atomic and durable: after they resolve, a crash leaves the new content; before, the old.
 * 2. What `append` wrote may be lost or cut short by a crash until it is committed; its size then tells what is there.
 */
import type { Readable } from 'node:stream';

export interface StoredFile {
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface FileReader extends AsyncDisposable {
  /** Bytes read into the buffer's start; 0 at the end. */
  read(into: Uint8Array, lengthBytes: number, position: number): Promise<number>;
}

export interface SharedFile {
  readonly bytes: Buffer;
  /** Of this content; another one after each write. */
  readonly version: string;
}

/** Small files that several servers agree by. */
export interface SharedStorage {
  readShared(path: string): Promise<SharedFile | undefined>;
  /**
   * Writes only over the version given, or only what is not there yet when it is undefined.
   * @returns the new version; undefined when another server was first
   */
  writeShared(path: string, bytes: Uint8Array, over: string | undefined): Promise<string | undefined>;
}

/** Another server appends to the same file: what this one sent is not all in it. */
export class AppendConflict extends Error {
  override readonly name = 'AppendConflict';
}

export interface StorageDriver {
  /** There when several servers may work on this storage at once. */
  readonly shared?: SharedStorage;
  /** A small file whole; undefined when it is not there. */
  read(path: string): Promise<Buffer | undefined>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  stat(path: string): Promise<StoredFile | undefined>;
  /** Bytes from `start` to `end`, both included. The stream errors when the file goes away. */
  openRead(path: string, range: { readonly start: number; readonly end: number }): Readable;
  /** For drivers that can fill a buffer of the reader's: undefined when the file is not there. */
  openReader?(path: string): Promise<FileReader | undefined>;
  /**
   * Writes at `offset`, cutting off what lay behind it, and makes the file when it is not there. When the source fails,
   * what came until then is kept. Answers the new size.
   * @throws AppendConflict when the storage is shared and another server appends to this file too
   */
  append(path: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number>;
  /** Moves a file that `append` wrote to its place for good, over what is there. */
  commit(from: string, to: string): Promise<void>;
  /** Names of the direct children, sorted by code unit; empty when there are none. '' is the top. */
  list(path: string): Promise<readonly string[]>;
  /** A file or a folder with all it holds; answers whether there was one. */
  remove(path: string): Promise<boolean>;
  /** Frees what commits that were cut short before this time have left where no path leads; for drivers that have such. */
  abandonUnfinished?(beforeMs: number): Promise<void>;
  /** Before it is used. @throws WharfError 'request.invalid' when it can not be */
  check?(): Promise<void>;
  close?(): Promise<void>;
}
