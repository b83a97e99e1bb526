/** Volumes as the API shows them, and the union of what is stored and what plugins say they have. */
import type { Volume } from '../../contract/engine-types.ts';
import type { VolumeRecord } from './volume-definition.ts';
import type { DriverVolume, VolumeDriver } from './volume-driver.ts';

export function volumeView(record: VolumeRecord, mountpoint: string, scope: 'local' | 'global'): Volume {
  return {
    CreatedAt: record.createdAt === '' ? undefined : record.createdAt,
    Driver: record.driver,
    Labels: record.labels,
    Mountpoint: mountpoint,
    Name: record.name,
    Options: record.options,
    Scope: scope,
  };
}

export interface ListedVolume {
  readonly record: VolumeRecord;
  readonly found: DriverVolume | undefined;
  readonly scope: 'local' | 'global';
}

/** A plugin that does not answer becomes a warning; those of its volumes that are stored are listed all the same. */
export async function listAll(
  records: readonly VolumeRecord[],
  drivers: readonly VolumeDriver[],
): Promise<{ readonly entries: readonly ListedVolume[]; readonly warnings: readonly string[] }> {
  const entries = new Map<string, ListedVolume>();
  for (const record of records) {
    if (record.driver === 'local') entries.set(record.name, { record, found: undefined, scope: 'local' });
  }
  const stored = new Map(records.map((record) => [record.name, record]));
  const warnings: string[] = [];
  const answers = await Promise.allSettled(drivers.map(ask));
  for (const [index, answer] of answers.entries()) {
    const driver = drivers[index]?.name ?? '';
    if (answer.status === 'rejected') {
      const reason: unknown = answer.reason;
      warnings.push(`list ${driver}: ${reason instanceof Error ? reason.message : String(reason)}`);
      for (const record of records) {
        if (record.driver === driver) entries.set(record.name, { record, found: undefined, scope: 'local' });
      }
      continue;
    }
    for (const found of answer.value.volumes) {
      const record = stored.get(found.name);
      // The name belongs to another driver's volume: that one is meant.
      if (record !== undefined && record.driver !== driver) continue;
      const shown = record ?? { name: found.name, driver, createdAt: found.createdAt, labels: null, options: null };
      if (!entries.has(found.name)) entries.set(found.name, { record: shown, found, scope: answer.value.scope });
    }
  }
  return { entries: [...entries.values()].sort((a, b) => (a.record.name < b.record.name ? -1 : 1)), warnings };
}

async function ask(driver: VolumeDriver) {
  return { volumes: await driver.list(), scope: await driver.scope() };
}
