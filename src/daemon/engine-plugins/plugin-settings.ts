/** `docker plugin set`: `name=value`, `name.field=value`. Pure. */
import { WharfError } from '../../contract/errors.ts';
import type { PluginConfig, PluginDevice, PluginMount, PluginSettings } from '../../contract/types/plugins.ts';

interface Setting {
  readonly name: string;
  readonly field: string;
  readonly value: string;
}

/** @throws WharfError 'plugin.invalid' with Docker's texts */
export function withSettings(config: PluginConfig, settings: PluginSettings, args: readonly string[]): PluginSettings {
  // All are read before one is applied.
  return args.map(parseSetting).reduce((result, setting) => apply(config, result, setting), settings);
}

function parseSetting(text: string): Setting {
  const at = text.indexOf('=');
  if (at === 0) throw refused('invalid format, must be <name>[.<field>][=<value>]');
  const key = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? '' : text.slice(at + 1);
  const dot = key.lastIndexOf('.');
  return dot > 0 ? { name: key.slice(0, dot), field: key.slice(dot + 1), value } : { name: key, field: '', value };
}

function apply(config: PluginConfig, settings: PluginSettings, setting: Setting): PluginSettings {
  const { name, value } = setting;
  const env = config.Env?.find(({ Name }) => Name === name);
  if (env !== undefined) {
    requireSettable(setting, 'value', env.Settable);
    const isOther = (entry: string) => entry.split('=', 1)[0] !== name;
    const at = settings.Env.findIndex((entry) => !isOther(entry));
    const entry = `${name}=${value}`;
    return { ...settings, Env: at < 0 ? [...settings.Env, entry] : settings.Env.with(at, entry) };
  }
  const mount = config.Mounts?.find(({ Name }) => Name === name);
  if (mount !== undefined) {
    requireSettable(setting, 'source', mount.Settable);
    if (mount.Source == null) throw refused('Plugin config has no mount source');
    const set = (one: PluginMount) => (one.Name === name ? { ...one, Source: value } : one);
    return { ...settings, Mounts: settings.Mounts.map(set) };
  }
  const device = config.Linux?.Devices?.find(({ Name }) => Name === name);
  if (device !== undefined) {
    requireSettable(setting, 'path', device.Settable);
    if (device.Path == null) throw refused('Plugin config has no device path');
    const set = (one: PluginDevice) => (one.Name === name ? { ...one, Path: value } : one);
    return { ...settings, Devices: settings.Devices.map(set) };
  }
  if (config.Args?.Name === name && name !== '') {
    requireSettable(setting, 'value', config.Args.Settable);
    return { ...settings, Args: value.split(' ') };
  }
  throw refused(`setting "${name}" not found in the plugin configuration`);
}

/** Without a field the only settable one is meant. */
function requireSettable({ name, field }: Setting, allowed: string, given: readonly string[] | null | undefined): void {
  const settable = given ?? [];
  if (field === '' && settable.length > 1) throw refused('multiple fields are settable, one must be specified');
  const meant = field === '' ? (settable[0] ?? '') : field;
  if (meant === allowed && settable.includes(meant)) return;
  throw refused(
    `"${field === '' && meant === '' ? name : `${name}${meant === '' ? '' : `.${meant}`}`}" is not settable`,
  );
}

function refused(message: string): WharfError {
  return new WharfError('plugin.invalid', message, { status: 500, hint: '' });
}
