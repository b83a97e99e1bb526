import { readFileSync } from 'node:fs';
import type { HostConfig } from '../../contract/engine-types.ts';
import { optionError } from './option-error.ts';

/** --security-opt values as the engine takes them: a seccomp file becomes its text. */
export function parseSecurityOptions(
  options: readonly string[],
): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const openPaths = options.includes('systempaths=unconfined');
  const sent = options.filter((option) => option !== 'systempaths=unconfined').map(readSeccomp);
  return {
    ...(sent.length > 0 ? { SecurityOpt: sent } : {}),
    ...(openPaths ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function readSeccomp(option: string): string {
  const match = /^(seccomp)[=:](.*)$/s.exec(option);
  const value = match?.[2];
  if (value === undefined || value === 'unconfined' || value === 'builtin') return option;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(value, 'utf8')))}`;
  } catch (error) {
    throw optionError(
      `opening seccomp profile (${value}) failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
