/** Reads the `config` part of an image config into the fields the engine uses. Unknown fields are left alone. */
import { isJsonObject, type JsonObject, optionalString, stringList, stringMap } from '../../oci/json-fields.ts';
import type { ImageRunConfig } from './image-service.ts';

const where = 'image config.config';
const maxItems = 4096;

/** @throws OciFormatError 'manifest.invalid' when a known field is of the wrong type */
export function runConfigFromJson(json: JsonObject): ImageRunConfig {
  const strings = (key: string) => stringList(json, key, where, maxItems);
  const text = (key: string) => optionalString(json, key, where);
  const healthcheck = isJsonObject(json.Healthcheck) ? healthcheckFromJson(json.Healthcheck) : undefined;
  return withoutUndefined({
    User: text('User'),
    ExposedPorts: setOf(json.ExposedPorts),
    Env: strings('Env'),
    Entrypoint: strings('Entrypoint'),
    Cmd: strings('Cmd'),
    Volumes: setOf(json.Volumes),
    WorkingDir: text('WorkingDir'),
    Labels: stringMap(json, 'Labels', where, maxItems),
    StopSignal: text('StopSignal'),
    Shell: strings('Shell'),
    OnBuild: strings('OnBuild'),
    Healthcheck: healthcheck,
  });
}

function healthcheckFromJson(json: JsonObject): NonNullable<ImageRunConfig['Healthcheck']> {
  const number = (key: string): number | undefined => {
    const value = json[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  return withoutUndefined({
    Test: stringList(json, 'Test', `${where}.Healthcheck`, maxItems),
    Interval: number('Interval'),
    Timeout: number('Timeout'),
    StartPeriod: number('StartPeriod'),
    StartInterval: number('StartInterval'),
    Retries: number('Retries'),
  });
}

function setOf(value: unknown): Record<string, Record<string, never>> | undefined {
  if (!isJsonObject(value)) return undefined;
  return Object.fromEntries(Object.keys(value).map((key) => [key, {}]));
}

/** So that JSON made of it holds only what the image says. */
function withoutUndefined<T extends object>(value: T): T {
  for (const key of Object.keys(value)) if (Reflect.get(value, key) === undefined) Reflect.deleteProperty(value, key);
  return value;
}
