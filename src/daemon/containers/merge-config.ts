import { posix } from 'node:path';
import type { ContainerConfig, HealthConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { ImageRunConfig } from '../images/image-service.ts';

export interface MergedConfig {
  readonly config: ContainerConfig;
  /** Entrypoint and command together. */
  readonly args: readonly string[];
}

/**
 * What the user asked for over what the image says, by Docker's rules: an entrypoint of one's own drops the image's
 * command; variables, ports, volumes and labels add up, the user's winning.
 * @throws WharfError 'container.config-invalid' "no command specified"
 */
export function mergeConfig(wanted: ContainerConfig, image: ImageRunConfig): MergedConfig {
  const { entrypoint, cmd } = mergeCommand(wanted, image);
  const args = [...(entrypoint ?? []), ...(cmd ?? [])];
  if (args.length === 0) throw new WharfError('container.config-invalid', 'no command specified');
  const config: ContainerConfig = {
    ...wanted,
    User: wanted.User || image.User || '',
    ExposedPorts: mergeKeys(image.ExposedPorts, wanted.ExposedPorts),
    Env: mergeEnv(image.Env ?? [], wanted.Env ?? []),
    Cmd: cmd ? [...cmd] : null,
    Entrypoint: entrypoint ? [...entrypoint] : null,
    WorkingDir: cleanPath(wanted.WorkingDir) || image.WorkingDir || '',
    Volumes: mergeKeys(image.Volumes, wanted.Volumes) ?? null,
    Labels: { ...image.Labels, ...wanted.Labels },
    StopSignal: wanted.StopSignal || image.StopSignal,
    Healthcheck: mergeHealthcheck(wanted.Healthcheck ?? undefined, image.Healthcheck),
    OnBuild: wanted.OnBuild ?? null,
  };
  return { config, args };
}

function cleanPath(path: string | undefined): string {
  return path ? posix.normalize(path).replace(/(.)\/$/, '$1') : '';
}

function mergeCommand(wanted: ContainerConfig, image: ImageRunConfig) {
  let entrypoint: readonly string[] | null | undefined = wanted.Entrypoint;
  let cmd: readonly string[] | null | undefined = wanted.Cmd;
  if (!entrypoint?.length) {
    if (!cmd?.length) cmd = image.Cmd;
    entrypoint ??= image.Entrypoint;
  }
  // `docker run --entrypoint ""` sends [""]: no entrypoint at all, and the image's command is not used.
  if (entrypoint?.length === 1 && entrypoint[0] === '') entrypoint = null;
  return { entrypoint, cmd };
}

function mergeEnv(image: readonly string[], wanted: readonly string[]): readonly string[] {
  const names = new Set(wanted.map(envName));
  return [...wanted, ...image.filter((line) => !names.has(envName(line)))];
}

export function envName(line: string): string {
  const equals = line.indexOf('=');
  return equals === -1 ? line : line.slice(0, equals);
}

type Keys = Readonly<Record<string, Readonly<Record<string, never>>>>;

function mergeKeys(image: Keys | null | undefined, wanted: Keys | null | undefined): Keys | undefined {
  const merged = { ...image, ...wanted };
  return Object.keys(merged).length === 0 ? undefined : merged;
}

function mergeHealthcheck(
  wanted: HealthConfig | undefined,
  image: ImageRunConfig['Healthcheck'],
): HealthConfig | undefined {
  if (!image) return wanted && withoutEmptyTest(wanted);
  const merged: HealthConfig = {
    Test: wanted?.Test?.length ? wanted.Test : image.Test,
    Interval: wanted?.Interval || image.Interval,
    Timeout: wanted?.Timeout || image.Timeout,
    StartPeriod: wanted?.StartPeriod || image.StartPeriod,
    StartInterval: wanted?.StartInterval || image.StartInterval,
    Retries: wanted?.Retries || image.Retries,
  };
  return withoutEmptyTest(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)));
}

/** Go's encoder leaves an empty list out. */
function withoutEmptyTest({ Test, ...rest }: HealthConfig): HealthConfig {
  return Test?.length ? { Test, ...rest } : rest;
}
