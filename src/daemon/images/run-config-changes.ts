/** `docker commit --change` and `docker import --change`: single Dockerfile instructions that only touch the config. Pure. */
import { WharfError } from '../../contract/errors.ts';
import { healthcheckOf } from './health-change.ts';
import type { ImageRunConfig } from './image-service.ts';

/** @throws WharfError 'request.invalid' in dockerd's words for an instruction that can't be a change */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  return changes.reduce((current, change) => applyChange(current, change.trim()), config);
}

function applyChange(config: ImageRunConfig, change: string): ImageRunConfig {
  const match = /^(\w+)\s+([\s\S]+)$/.exec(change);
  const raw = match?.[2]?.trim() ?? '';
  const expand = (text: string) => expandVariables(text, config.Env ?? []);
  const rest = expand(raw);
  switch (match?.[1]?.toUpperCase()) {
    case 'CMD':
      return { ...config, Cmd: commandOf(raw, config) };
    case 'ENTRYPOINT':
      return { ...config, Entrypoint: commandOf(raw, config) };
    case 'ENV':
      return { ...config, Env: overlayEnv(config.Env ?? [], assignments(raw, true, expand)) };
    case 'LABEL': {
      const labels = assignments(raw, false, expand).map((line) => split(line));
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(labels) } };
    }
    case 'EXPOSE': {
      const ports = rest.split(/\s+/).map((port) => [port.includes('/') ? port : `${port}/tcp`, {}] as const);
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(ports) } };
    }
    case 'VOLUME': {
      const paths = jsonWords(rest) ?? rest.split(/\s+/);
      return { ...config, Volumes: { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) } };
    }
    case 'USER':
      return { ...config, User: rest };
    case 'WORKDIR':
      return { ...config, WorkingDir: rest.startsWith('/') ? rest : `${config.WorkingDir ?? ''}/${rest}` };
    case 'STOPSIGNAL':
      return { ...config, StopSignal: rest };
    case 'ONBUILD':
      return { ...config, OnBuild: [...(config.OnBuild ?? []), raw] };
    case 'HEALTHCHECK':
      return { ...config, Healthcheck: healthcheckOf(raw, jsonWords) };
    default:
      throw new WharfError('request.invalid', `${change.split(/\s/)[0] ?? ''} is not a valid change command`);
  }
}

/** The exec form is JSON, the shell form a line for the image's shell. */
function commandOf(text: string, config: ImageRunConfig): readonly string[] {
  return jsonWords(text) ?? [...(config.Shell ?? ['/bin/sh', '-c']), text];
}

function jsonWords(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    return undefined;
  }
}

/** `A=1 B="two words"`; and for ENV the old form `A two words`. */
function assignments(text: string, oldForm: boolean, expand: (word: string) => string): readonly string[] {
  const found = [...text.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)/g)];
  if (found.length > 0 && /^[^\s=]+=/.test(text))
    return found.map(([, name, value]) => `${name}=${unquote(value ?? '', expand)}`);
  const match = /^(\S+)\s+([\s\S]+)$/.exec(text);
  if (!oldForm || !match) throw new WharfError('request.invalid', `Syntax error - can't find = in "${text}"`);
  return [`${match[1]}=${expand(match[2] ?? '')}`];
}

/** What stands between single quotes is taken as it is. */
function unquote(text: string, expand: (word: string) => string = (word) => word): string {
  if (/^'.*'$/s.test(text)) return text.slice(1, -1);
  return /^".*"$/s.test(text) ? expand(text.slice(1, -1)).replace(/\\(.)/g, '$1') : expand(text);
}

/** `$NAME`, `${NAME}`, `${NAME:-otherwise}` and `${NAME:+instead}` by the image's environment; `\\$` is a dollar sign. */
function expandVariables(text: string, env: readonly string[]): string {
  const values = new Map(env.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
  return text.replace(
    /\\\$|\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})/g,
    (
      found,
      plain: string | undefined,
      braced: string | undefined,
      how: string | undefined,
      word: string | undefined,
    ) => {
      if (found === '\\$') return '$';
      const value = values.get(plain ?? braced ?? '') ?? '';
      if (how === '+') return value === '' ? '' : (word ?? '');
      return value === '' && how === '-' ? (word ?? '') : value;
    },
  );
}

function split(line: string): readonly [string, string] {
  const equals = line.indexOf('=');
  return [unquote(line.slice(0, equals)), line.slice(equals + 1)];
}

/** Lines `NAME=value`: `extra` over `base`, in the order of their first mention. */
export function overlayEnv(base: readonly string[], extra: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const line of [...base, ...extra]) byName.set(line.split('=', 1)[0] ?? line, line);
  return [...byName.values()];
}
