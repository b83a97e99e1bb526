import { WharfError } from '../../contract/errors.ts';

/** What is wrong with a Config or HostConfig, in the words Docker has for it. */
export function invalidConfig(message: string, hint?: string): WharfError {
  return new WharfError('container.config-invalid', message, { hint });
}
