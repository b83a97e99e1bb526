/** How much the whole storage holds. Looking at every blob takes a while, so an answer counts for a moment. */
import { repositoryFolders, storedBlobs } from '../upkeep/garbage-collection.ts';
import type { StorageDriver } from './storage-driver.ts';
import { blobData, uploadData, uploadsFolder } from './storage-paths.ts';

export interface StorageTotals {
  readonly blobs: number;
  readonly sizeBytes: number;
  readonly uploads: number;
  readonly uploadBytes: number;
}

/** An answer counts for as long as fifty like it would take, at most for this: a small registry is looked at each time. */
const maxFreshMs = 15_000;
const freshTimes = 50;
const width = 16;

export class StorageSpace {
  readonly #driver: StorageDriver;
  #measured: { readonly totals: Promise<StorageTotals>; freshUntilMs: number } | undefined;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async totals(): Promise<StorageTotals> {
    if (this.#measured !== undefined && performance.now() < this.#measured.freshUntilMs)
      return await this.#measured.totals;
    const startedMs = performance.now();
    const totals = this.#measure();
    const measured = { totals, freshUntilMs: startedMs + maxFreshMs };
    this.#measured = measured;
    totals.then(
      () => {
        const endedMs = performance.now();
        measured.freshUntilMs = endedMs + Math.min(maxFreshMs, (endedMs - startedMs) * freshTimes);
      },
      () => this.forget(),
    );
    return await totals;
  }

  /** After much changed. */
  forget(): void {
    this.#measured = undefined;
  }

  async #measure(): Promise<StorageTotals> {
    const paths = (await storedBlobs(this.#driver)).map(blobData);
    const blobs = await this.#sizes(paths);
    const uploads: string[] = [];
    for (const name of await repositoryFolders(this.#driver, '', 0))
      for (const id of await this.#driver.list(uploadsFolder(name))) uploads.push(uploadData(name, id));
    const begun = await this.#sizes(uploads);
    return { blobs: blobs.count, sizeBytes: blobs.bytes, uploads: uploads.length, uploadBytes: begun.bytes };
  }

  async #sizes(paths: readonly string[]): Promise<{ count: number; bytes: number }> {
    let count = 0;
    let bytes = 0;
    for (let at = 0; at < paths.length; at += width) {
      const files = await Promise.all(paths.slice(at, at + width).map((path) => this.#driver.stat(path)));
      for (const file of files) {
        if (file === undefined) continue;
        count++;
        bytes += file.sizeBytes;
      }
    }
    return { count, bytes };
  }
}
