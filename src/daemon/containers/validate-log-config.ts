import type { LogConfig } from '../../contract/engine-types.ts';
import { checkLogConfig } from '../logs/log-config.ts';

/** @throws WharfError 'container.config-invalid' with Docker's text */
export function validateLogConfig(config: LogConfig | undefined): void {
  checkLogConfig({ type: config?.Type || 'json-file', config: config?.Config ?? {} });
}
