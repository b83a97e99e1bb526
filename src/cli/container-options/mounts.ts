import { resolve } from 'node:path';
import type { Mount } from '../../contract/engine-types.ts';
import { parseByteSize } from '../format/sizes.ts';
import { parseCsvLine } from './csv-line.ts';
import { optionError } from './option-error.ts';

/** `-v` values: those with a source are binds, the others anonymous volumes. Paths that start with `.` become absolute. */
export function parseVolumes(specs: readonly string[]): {
  readonly binds: string[];
  readonly volumes: Record<string, Record<string, never>>;
} {
  const binds: string[] = [];
  const volumes: Record<string, Record<string, never>> = {};
  for (const spec of specs) {
    const parts = spec.split(':');
    if (spec === '' || parts.length > 3 || parts.some((part) => part === '')) {
      throw optionError(
        `invalid volume specification: ${JSON.stringify(spec)}`,
        'A volume looks like name:/path or ./dir:/path:ro.',
      );
    }
    const [source = '', ...rest] = parts;
    if (rest.length === 0) {
      if (!source.startsWith('/')) throw optionError(`invalid volume specification: '${spec}': path must be absolute`);
      volumes[source] = {};
    } else binds.push([source.startsWith('.') ? resolve(source) : source, ...rest].join(':'));
  }
  return { binds, volumes };
}

export function parseTmpfs(specs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    specs.map((spec) => {
      const colon = spec.indexOf(':');
      return colon < 0 ? [spec, ''] : [spec.slice(0, colon), spec.slice(colon + 1)];
    }),
  );
}

type Draft = { -readonly [K in keyof Mount]: Mount[K] };

/** `--mount type=bind,src=/a,dst=/b,readonly`. @throws UsageError in docker's words */
export function parseMount(spec: string): Mount {
  const draft: Draft = { Type: 'volume' };
  for (const field of parseCsvLine(spec)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    setField(draft, key, value, field);
  }
  if (draft.Type === undefined || !['bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster'].includes(draft.Type)) {
    throw mountError(spec, `unknown mount type '${draft.Type ?? ''}'`);
  }
  if (draft.Target === undefined || draft.Target === '') throw mountError(spec, 'target is required');
  const owners = {
    BindOptions: 'bind',
    VolumeOptions: 'volume',
    TmpfsOptions: 'tmpfs',
    ImageOptions: 'image',
  } as const;
  for (const [option, type] of Object.entries(owners)) {
    if (Object.hasOwn(draft, option) && draft.Type !== type) {
      throw mountError(spec, `cannot mix '${type}-*' options with mount type '${draft.Type}'`);
    }
  }
  if (draft.Type === 'bind' && draft.Source?.startsWith('.') === true) draft.Source = resolve(draft.Source);
  return draft;
}

function setField(draft: Draft, key: string, value: string | undefined, field: string): void {
  if (value === undefined && !['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive'].includes(key)) {
    throw optionError(`invalid argument for "--mount" flag: invalid field '${field}' must be a key=value pair`);
  }
  const text = value ?? '';
  switch (key) {
    case 'type':
      draft.Type = text.toLowerCase();
      return;
    case 'source':
    case 'src':
      draft.Source = text;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.Target = text;
      return;
    case 'readonly':
    case 'ro':
      if (switchValue(key, value)) draft.ReadOnly = true;
      else delete draft.ReadOnly;
      return;
    case 'consistency':
      draft.Consistency = text.toLowerCase();
      return;
    default:
      setTypedField(draft, key, value, field);
  }
}

function setTypedField(draft: Draft, key: string, value: string | undefined, field: string): void {
  const text = value ?? '';
  const volume = draft.VolumeOptions;
  switch (key) {
    case 'bind-propagation':
      draft.BindOptions = { ...draft.BindOptions, Propagation: text.toLowerCase() };
      return;
    case 'bind-nonrecursive':
      draft.BindOptions = { ...draft.BindOptions, NonRecursive: switchValue(key, value) };
      return;
    case 'bind-recursive':
      draft.BindOptions = { ...draft.BindOptions, ...recursion(text) };
      return;
    case 'volume-subpath':
      draft.VolumeOptions = { ...volume, Subpath: text };
      return;
    case 'volume-nocopy':
      draft.VolumeOptions = { ...volume, NoCopy: switchValue(key, value) };
      return;
    case 'volume-label':
      draft.VolumeOptions = { ...volume, Labels: { ...volume?.Labels, ...pair(text) } };
      return;
    case 'volume-driver':
      draft.VolumeOptions = { ...volume, DriverConfig: { ...volume?.DriverConfig, Name: text } };
      return;
    case 'volume-opt':
      draft.VolumeOptions = {
        ...volume,
        DriverConfig: { ...volume?.DriverConfig, Options: { ...volume?.DriverConfig?.Options, ...pair(text) } },
      };
      return;
    case 'image-subpath':
      draft.ImageOptions = { Subpath: text };
      return;
    case 'tmpfs-size': {
      const size = parseByteSize(text);
      if (size === undefined) throw optionError(`invalid value for ${key}: ${text}`);
      draft.TmpfsOptions = { ...draft.TmpfsOptions, SizeBytes: size };
      return;
    }
    case 'tmpfs-mode':
      if (!/^[0-7]{1,5}$/.test(text)) throw optionError(`invalid value for ${key}: ${text}`);
      draft.TmpfsOptions = { ...draft.TmpfsOptions, Mode: Number.parseInt(text, 8) };
      return;
    default:
      throw optionError(`invalid argument for "--mount" flag: unexpected key '${key}' in '${field}'`);
  }
}

function switchValue(key: string, value: string | undefined): boolean {
  if (value === undefined || /^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw optionError(`invalid value for ${key}: ${value}`);
}

function recursion(value: string): NonNullable<Mount['BindOptions']> {
  if (value === 'enabled') return {};
  if (value === 'disabled') return { NonRecursive: true };
  if (value === 'writable') return { ReadOnlyNonRecursive: true };
  if (value === 'readonly') return { ReadOnlyForceRecursive: true };
  throw optionError(
    `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
  );
}

function pair(text: string): Record<string, string> {
  const equals = text.indexOf('=');
  return equals < 0 ? { [text]: '' } : { [text.slice(0, equals)]: text.slice(equals + 1) };
}

function mountError(spec: string, why: string): Error {
  return optionError(`invalid argument ${JSON.stringify(spec)} for "--mount" flag: ${why}`);
}
