import path from 'node:path';
import { Value } from 'typebox/value';
import { WharfError } from '../contract/errors.ts';
import { Settings, type SettingsPatch } from '../contract/host-schemas.ts';
import { readIfThere, writeAtomic } from '../machine/atomic-file.ts';

/** The user's settings: one JSON file, defaults filled in, changes written before they are announced. */
export class SettingsStore {
  readonly #file: string;
  readonly #changed: (settings: Settings) => void;
  #settings: Settings;
  #writes: Promise<unknown> = Promise.resolve();

  private constructor(file: string, settings: Settings, changed: (settings: Settings) => void) {
    this.#file = file;
    this.#settings = settings;
    this.#changed = changed;
  }

  /** A file that is broken or of another age is read as far as it makes sense; the rest gets defaults. */
  static async open(home: string, changed: (settings: Settings) => void): Promise<SettingsStore> {
    const file = path.join(home, 'settings.json');
    return new SettingsStore(file, readSettings(await readIfThere(file)), changed);
  }

  get(): Settings {
    return this.#settings;
  }

  /** @throws WharfError 'request.invalid' when the whole would not be valid settings */
  set(patch: SettingsPatch): Promise<Settings> {
    const write = this.#writes.then(async () => {
      const next = {
        ...this.#settings,
        ...patch,
        engine: { ...this.#settings.engine, ...patch.engine },
        ownRegistry: { ...this.#settings.ownRegistry, ...patch.ownRegistry },
      };
      if (!Value.Check(Settings, next)) throw new WharfError('request.invalid', 'these are not valid settings');
      await writeAtomic(this.#file, `${JSON.stringify(next, null, 2)}\n`);
      this.#settings = next;
      this.#changed(next);
      return next;
    });
    this.#writes = write.catch(() => {});
    return write;
  }
}

function readSettings(text: string | undefined): Settings {
  const defaults = defaultSettings();
  const stored = parseObject(text);
  let settings = defaults;
  for (const [key, value] of Object.entries(stored)) {
    if (!Object.hasOwn(defaults, key)) continue;
    const next = { ...settings, [key]: withDefaults(defaults, key, value) };
    if (Value.Check(Settings, next)) settings = next;
  }
  return settings;
}

/** Groups of settings get the defaults of what a file of another age leaves out. */
function withDefaults(defaults: Settings, key: string, value: unknown): unknown {
  if ((key !== 'engine' && key !== 'ownRegistry') || typeof value !== 'object') return value;
  return { ...defaults[key], ...value };
}

export function defaultSettings(): Settings {
  const filled = Value.Default(Settings, {});
  if (!Value.Check(Settings, filled)) throw new Error('a setting has no default');
  return filled;
}

function parseObject(text: string | undefined): object {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Flags of wharfd that follow from the settings. */
export function engineArgs(settings: Settings): string[] {
  const { registryMirrors, insecureRegistries, logLevel } = settings.engine;
  const insecure = settings.registries.filter((registry) => registry.insecure === true).map(({ address }) => address);
  return [
    ...registryMirrors.flatMap((mirror) => ['--registry-mirror', mirror]),
    ...[...new Set([...insecureRegistries, ...insecure])].flatMap((address) => ['--insecure-registry', address]),
    ...(logLevel === 'info' ? [] : ['--log-level', logLevel]),
  ];
}

/** Environment of wharfd that follows from the settings. */
export function engineEnv(settings: Settings, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { httpProxy, httpsProxy, noProxy } = settings.engine;
  return {
    ...env,
    ...(httpProxy === '' ? {} : { HTTP_PROXY: httpProxy }),
    ...(httpsProxy === '' ? {} : { HTTPS_PROXY: httpsProxy }),
    ...(noProxy === '' ? {} : { NO_PROXY: noProxy }),
  };
}
