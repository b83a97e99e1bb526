import type { LogConfig } from '../../contract/engine-types.ts';
import { invalidConfig } from './config-refusal.ts';

const drivers = ['json-file', 'local', 'none'];

/** @throws WharfError 'container.config-invalid' with Docker's text */
export function validateLogConfig(config: LogConfig | undefined): void {
  const driver = config?.Type || 'json-file';
  if (!drivers.includes(driver)) {
    throw invalidConfig(
      `error looking up logging plugin ${driver}: plugin "${driver}" not found`,
      `Use one of ${drivers.join(', ')}.`,
    );
  }
}
