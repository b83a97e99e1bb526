/** Which volumes a list or a prune means. Pure. */
import { WharfError } from '../../contract/errors.ts';
import { anonymousLabel, type VolumeRecord } from './volume-definition.ts';

export type Filters = ReadonlyMap<string, readonly string[]>;

/** @throws WharfError 'request.invalid' */
export function matchesList(record: VolumeRecord, filters: Filters, inUse: boolean): boolean {
  checkNames(filters, ['dangling', 'driver', 'label', 'name']);
  const any = (name: string, test: (value: string) => boolean) => {
    const values = filters.get(name) ?? [];
    return values.length === 0 || values.some(test);
  };
  return (
    any('dangling', (value) => parseBoolean('dangling', value) === !inUse) &&
    any('driver', (value) => record.driver === value) &&
    any('name', (value) => record.name.includes(value)) &&
    hasLabels(record, filters.get('label') ?? [])
  );
}

/** Anonymous ones only, unless `all` says otherwise. @throws WharfError 'request.invalid' */
export function matchesPrune(record: VolumeRecord, filters: Filters): boolean {
  checkNames(filters, ['all', 'label', 'label!']);
  const all = filters.get('all')?.some((value) => parseBoolean('all', value)) ?? false;
  if (!all && !Object.hasOwn(record.labels ?? {}, anonymousLabel)) return false;
  const excluded = filters.get('label!') ?? [];
  return hasLabels(record, filters.get('label') ?? []) && !excluded.some((label) => hasLabels(record, [label]));
}

function checkNames(filters: Filters, known: readonly string[]): void {
  for (const name of filters.keys()) {
    if (!known.includes(name)) throw new WharfError('request.invalid', `invalid filter '${name}'`);
  }
}

function hasLabels(record: VolumeRecord, wanted: readonly string[]): boolean {
  const labels = record.labels ?? {};
  return wanted.every((text) => {
    const [key = '', ...value] = text.split('=');
    return value.length === 0 ? Object.hasOwn(labels, key) : labels[key] === value.join('=');
  });
}

function parseBoolean(name: string, value: string): boolean {
  if (['1', 'true', 't'].includes(value.toLowerCase())) return true;
  if (['0', 'false', 'f'].includes(value.toLowerCase())) return false;
  throw new WharfError('request.invalid', `invalid filter '${name}=[${value}]'`);
}
