/** At the daemon's start: cut removals and copies are finished, records get their folders, folders their records. */
import type { LocalDriver } from './local-driver.ts';
import type { NameLocks } from './name-locks.ts';
import { finishPopulating } from './populate-volume.ts';
import { createdAtText, isPlain, type VolumeRecord } from './volume-definition.ts';
import { textOf } from './volume-errors.ts';
import type { VolumeStore } from './volume-store.ts';

export interface RepairParts {
  readonly store: VolumeStore;
  readonly local: LocalDriver;
  readonly locks: NameLocks;
  warn(message: string): void;
}

/** What takes time goes on after this, in the volumes' own queues. */
export function bringInOrder(parts: RepairParts): void {
  const { store, local } = parts;
  // Labels and options are lost; the data is not.
  for (const name of store.damaged()) {
    parts.warn(`volumes: the record of ${name} can not be read; it goes on as a plain local volume`);
    store.save(plainRecord(name));
  }
  store.dropCutPopulations();
  for (const name of local.takeUp((message) => parts.warn(`volumes: ${message}`))) {
    if (store.get(name) !== undefined) continue;
    store.save(plainRecord(name));
    parts.warn(`volumes: took up the folder ${name}, which had no record`);
  }
  for (const record of store.all()) if (record.driver === 'local') finish(parts, record);
}

function finish({ store, local, locks, warn }: RepairParts, record: VolumeRecord): void {
  const { name } = record;
  const inQueue = (what: string, work: () => Promise<void>) => {
    locks.run(name, work).catch((error: unknown) => warn(`volumes: ${what} ${name}: ${textOf(error)}`));
  };
  if (record.removing === true) {
    inQueue('remove', async () => {
      await local.remove(name);
      store.delete(name);
    });
    return;
  }
  local.ensureFolder(name);
  const places = { target: local.dataOf(name), staging: local.folderOf(name) };
  if (isPlain(record)) inQueue('populate', () => finishPopulating(places));
}

function plainRecord(name: string): VolumeRecord {
  return { name, driver: 'local', createdAt: createdAtText(new Date()), labels: null, options: null };
}
