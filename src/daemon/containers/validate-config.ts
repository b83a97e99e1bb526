import type { ContainerConfig } from '../../contract/engine-types.ts';
import { invalidConfig } from './config-refusal.ts';
import { checkPort } from './port-spec.ts';
import { parseSignal } from './signals.ts';

/** @throws WharfError 'container.config-invalid' with Docker's text */
export function validateConfig(config: ContainerConfig): void {
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) {
    throw invalidConfig(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  for (const line of config.Env ?? []) {
    if (line === '' || line.startsWith('=')) throw invalidConfig(`invalid environment variable: ${line}`);
  }
  validateHealth(config.Healthcheck ?? {});
  for (const port of Object.keys(config.ExposedPorts ?? {})) checkPort(port);
}

function validateHealth(health: NonNullable<ContainerConfig['Healthcheck']>): void {
  const kind = health.Test?.[0];
  if (kind !== undefined && !['', 'NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw invalidConfig(`Unknown healthcheck type "${kind}" (expected 'CMD' or 'CMD-SHELL')`);
  }
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanoseconds = health[name] ?? 0;
    if (nanoseconds !== 0 && nanoseconds < 1e6) throw invalidConfig(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw invalidConfig('Retries in Healthcheck cannot be negative');
}
