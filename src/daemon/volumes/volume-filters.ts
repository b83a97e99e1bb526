/** Which volumes a list or a prune means, by Docker's rules for filters. Pure. */
import { WharfError } from '../../contract/errors.ts';
import { anonymousLabel, type VolumeRecord } from './volume-definition.ts';

export type Filters = ReadonlyMap<string, readonly string[]>;
export type VolumeTest = (volume: Pick<VolumeRecord, 'name' | 'driver' | 'labels'>, inUse: boolean) => boolean;

/** @throws WharfError 'request.invalid' */
export function listTest(filters: Filters): VolumeTest {
  checkNames(filters, ['dangling', 'driver', 'label', 'name']);
  const dangling = singleBoolean(filters, 'dangling');
  const drivers = filters.get('driver') ?? [];
  const names = filters.get('name') ?? [];
  const labels = filters.get('label') ?? [];
  return ({ name, driver, labels: has }, inUse) =>
    (dangling === undefined || dangling === !inUse) &&
    (drivers.length === 0 || drivers.includes(driver)) &&
    (names.length === 0 || names.some((wanted) => matchesName(wanted, name))) &&
    hasLabels(has, labels);
}

/** Anonymous ones only, unless `all` says otherwise. @throws WharfError 'request.invalid' */
export function pruneTest(filters: Filters): VolumeTest {
  checkNames(filters, ['all', 'label', 'label!']);
  const all = pruneAll(filters.get('all') ?? []);
  const wanted = filters.get('label') ?? [];
  const unwanted = filters.get('label!') ?? [];
  return ({ labels }, inUse) =>
    !inUse &&
    (all || Object.hasOwn(labels ?? {}, anonymousLabel)) &&
    hasLabels(labels, wanted) &&
    (unwanted.length === 0 || !hasLabels(labels, unwanted));
}

function checkNames(filters: Filters, known: readonly string[]): void {
  for (const name of filters.keys()) {
    if (!known.includes(name)) throw invalid(`invalid filter '${name}'`);
  }
}

/** The name itself, or an expression that occurs in it. One that is none matches nothing. */
function matchesName(wanted: string, name: string): boolean {
  if (wanted === name) return true;
  try {
    return new RegExp(wanted).test(name);
  } catch {
    return false;
  }
}

function hasLabels(given: VolumeRecord['labels'], wanted: readonly string[]): boolean {
  const labels = given ?? {};
  return wanted.every((text) => {
    const [key = '', ...value] = text.split('=');
    return Object.hasOwn(labels, key) && (value.length === 0 || labels[key] === value.join('='));
  });
}

function singleBoolean(filters: Filters, name: string): boolean | undefined {
  const values = filters.get(name) ?? [];
  if (values.length === 0) return undefined;
  const value = parseBoolean(values[0] ?? '');
  if (values.length > 1 || value === undefined) throw invalid(`invalid filter '${name}=[${values.join(' ')}]'`);
  return value;
}

function pruneAll(values: readonly string[]): boolean {
  const [text] = values;
  if (text === undefined) return false;
  if (values.length > 1) {
    throw invalid(`invalid filter 'all=[${[...values].sort().join(' ')}]': only one value is expected`);
  }
  const value = parseBoolean(text);
  if (value === undefined) throw invalid(`invalid filter 'all': strconv.ParseBool: parsing "${text}": invalid syntax`);
  return value;
}

/** As Go's strconv.ParseBool. */
function parseBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  return undefined;
}

function invalid(message: string): WharfError {
  return new WharfError('request.invalid', message);
}
