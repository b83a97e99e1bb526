/** What the daemon's options mean to the parts of the engine: each in the part's own words. */
import { readFileSync } from 'node:fs';
import { WharfError } from '../contract/errors.ts';
import type { ContainerSettings } from './containers/container-settings.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { parseSeccompProfile } from './runtime/seccomp.ts';

/**
 * The profile of `--seccomp-profile`: 'builtin', 'unconfined', or the text of the file, read and checked once.
 * @throws WharfError 'request.invalid' when the file can not be read or is no profile
 */
export function readSeccompSetting(profile: string): string {
  if (profile === 'builtin' || profile === 'unconfined') return profile;
  try {
    const text = readFileSync(profile, 'utf8');
    parseSeccompProfile(text);
    return text;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('request.invalid', `opening seccomp profile (${profile}) failed: ${why}`, {
      cause,
      hint: 'Give --seccomp-profile a JSON file, builtin or unconfined.',
    });
  }
}

export function containerSettings(options: DaemonOptions, seccomp: string): ContainerSettings {
  const { runtimes, ...settings } = options.containers;
  return { ...settings, seccomp, runtime: options.defaultRuntime, runtimes: Object.keys(runtimes) };
}

/** As dockerd sets its own environment: what the settings say replaces what was there. */
export function proxyEnvironment(
  { proxies }: DaemonOptions,
  environment: NodeJS.ProcessEnv,
): Readonly<Record<string, string | undefined>> {
  const { httpProxy, httpsProxy, noProxy } = proxies;
  const merged: Record<string, string | undefined> = { ...environment };
  for (const [name, value] of Object.entries({ HTTP_PROXY: httpProxy, HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy })) {
    if (value === '') continue;
    delete merged[name.toLowerCase()];
    merged[name] = value;
  }
  return merged;
}
