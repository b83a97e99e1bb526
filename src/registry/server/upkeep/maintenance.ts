/** What a serving registry does for itself now and then, and when an administrator asks: collection and retention. */
import type { CollectionReport, RetentionReport } from '../../../contract/registry-routes.ts';
import type { AuditLog } from '../access/audit-log.ts';
import type { Stores } from '../http/exchange.ts';
import type { RegistryLogger } from '../registry-logger.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import type { StorageSpace } from '../storage/storage-space.ts';
import { collectGarbage } from './garbage-collection.ts';
import type { Quotas } from './quotas.ts';
import { runRetention } from './retention.ts';
import type { RetentionRule } from './retention-plan.ts';

export interface MaintainedServer {
  readonly driver: StorageDriver;
  readonly stores: Stores;
  readonly space: StorageSpace;
  readonly rules: readonly RetentionRule[];
  readonly quotas: Quotas | undefined;
  readonly audit: AuditLog | undefined;
  readonly logger: RegistryLogger;
  readonly isCache: (name: string) => boolean;
  /** Hears of each collection that is done. */
  readonly collected: () => void;
}

export class Maintenance implements AsyncDisposable {
  readonly #server: MaintainedServer;
  readonly #timers: NodeJS.Timeout[] = [];
  /** One thing at a time: a collection beside a retention would count what the other removes. */
  #running: Promise<unknown> = Promise.resolve();
  #isBusy = false;
  readonly #ending = new AbortController();

  constructor(server: MaintainedServer) {
    this.#server = server;
  }

  async collect(dryRun = false): Promise<CollectionReport> {
    return await this.#inTurn(async () => {
      const { driver, stores, space, quotas } = this.#server;
      const collected = await collectGarbage({ driver, ...stores, signal: this.#ending.signal }, undefined, dryRun);
      if (!dryRun) {
        stores.usage.invalidateAll();
        space.forget();
        this.#server.collected();
        await quotas?.forgetUploads(async (name, id) => await stores.uploads.exists(name, id));
      }
      return { dryRun, ...collected };
    });
  }

  async retain(dryRun = false): Promise<RetentionReport> {
    return await this.#inTurn(async () => {
      const { stores, rules, isCache, audit, logger } = this.#server;
      const report = await runRetention(stores, rules, {
        dryRun,
        isCache,
        removed: ({ repository, tag, digest, reason }) => {
          const path = `/v2/${repository}/manifests/${tag ?? digest}`;
          logger.info(`retention removed ${path}: ${reason}`);
          audit?.note({ user: 'retention', address: '', method: 'DELETE', path, status: 202, reason });
        },
      });
      return report;
    });
  }

  /** Begins to do them by the clock. */
  schedule(every: { readonly collectMinutes?: number | undefined; readonly retainMinutes?: number | undefined }): void {
    const { logger } = this.#server;
    this.#every(every.collectMinutes, async () => {
      const { blobs, bytes, uploads } = await this.collect();
      if (blobs + uploads > 0) logger.info(`collected ${blobs} blobs (${bytes} bytes) and ${uploads} uploads`);
    });
    this.#every(every.retainMinutes, async () => void (await this.retain()));
  }

  #every(minutes: number | undefined, act: () => Promise<void>): void {
    if (minutes === undefined) return;
    const timer = setInterval(() => {
      // What takes longer than its interval is not begun again behind itself.
      if (this.#isBusy) return;
      act().catch((error: unknown) => this.#server.logger.error('maintenance failed', error));
    }, minutes * 60_000);
    timer.unref();
    this.#timers.push(timer);
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#running.then(async () => {
      this.#isBusy = true;
      try {
        return await act();
      } finally {
        this.#isBusy = false;
      }
    });
    // The next one waits for the end, whichever it is; the error goes to who asked.
    this.#running = mine.catch(() => undefined);
    return await mine;
  }

  /** Waits for what is under way; what only waits for other servers is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#running;
  }
}
