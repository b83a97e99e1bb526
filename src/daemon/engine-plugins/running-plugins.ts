/** The processes of plugins that are enabled. */
import type { MachineFacts } from '../runtime/host-facts.ts';
import { PluginClient } from './plugin-client.ts';
import type { PluginRecord } from './plugin-config.ts';
import type { FoundPlugin } from './plugin-directory.ts';
import { PluginProcess } from './plugin-process.ts';
import { type PluginPlaces, type PluginStorage, runtimeOfPlugins } from './plugin-storage.ts';

export interface RunningPluginsParts {
  readonly machine: MachineFacts;
  readonly signal: AbortSignal;
  readonly places: PluginPlaces;
  /** Opened at first use. */
  open(): Promise<PluginStorage>;
}

export class RunningPlugins {
  readonly #parts: RunningPluginsParts;
  /** By plugin ID. */
  readonly #processes = new Map<string, PluginProcess>();

  constructor(parts: RunningPluginsParts) {
    this.#parts = parts;
  }

  /** How it is spoken to; undefined while it does not run. */
  found(record: PluginRecord): FoundPlugin | undefined {
    const process = this.#processes.get(record.id);
    if (process === undefined) return undefined;
    const client = new PluginClient({ kind: 'unix', path: process.socketPath }, (text) =>
      this.#parts.places.warn(text),
    );
    return { name: record.name, client, scopedPath: (path) => process.scopedPath(path) };
  }

  /** Answers when it listens. @throws WharfError 'plugin.failed' */
  async start(record: PluginRecord): Promise<void> {
    await (await this.#process(record)).start(record);
  }

  async stop(record: PluginRecord): Promise<void> {
    await (await this.#process(record)).stop();
    this.#processes.delete(record.id);
  }

  /** Takes over what an earlier daemon left running, or starts it. @returns those that could not be started */
  async restore(records: readonly PluginRecord[]): Promise<readonly PluginRecord[]> {
    const outcomes = await Promise.all(records.map((record) => this.#restoreOne(record)));
    return records.filter((_, index) => outcomes[index] === 'failed');
  }

  async #restoreOne(record: PluginRecord): Promise<'runs' | 'failed'> {
    try {
      await (await this.#process(record)).restore(record);
      return 'runs';
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#parts.places.warn(`plugins: ${record.name} could not be started and is disabled: ${why}`);
      this.#processes.delete(record.id);
      return 'failed';
    }
  }

  /** Runs that a crash left of plugins that are not enabled. */
  async removeStrangers(storage: PluginStorage, records: readonly PluginRecord[]): Promise<void> {
    const running = new Set(records.filter(({ id }) => this.#processes.has(id)).map(({ id }) => id.slice(0, 24)));
    for (const id of await storage.runtime.list()) if (!running.has(id)) await storage.runtime.remove(id);
  }

  /** Lets go of all, which go on, or ends them. */
  async leave({ stop }: { readonly stop: boolean }): Promise<void> {
    for (const process of this.#processes.values()) {
      if (stop) await process.stop();
      else process.leave();
    }
  }

  async #process(record: PluginRecord): Promise<PluginProcess> {
    const known = this.#processes.get(record.id);
    if (known !== undefined) return known;
    const { machine, signal, places } = this.#parts;
    const { cgroupParent } = places;
    const storage = await this.#parts.open();
    const process = new PluginProcess(
      {
        storage,
        machine,
        cgroupParent,
        runtimeName: () => runtimeOfPlugins(places),
        signal,
        warn: (text: string) => places.warn(text),
      },
      record,
    );
    this.#processes.set(record.id, process);
    return process;
  }
}
