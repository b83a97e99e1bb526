import type { HostConfig } from '../../contract/engine-types.ts';
import { optionError } from './option-error.ts';
import { readTextFile } from './text-file.ts';

/** --security-opt values as the engine takes them: a seccomp file becomes its text. */
export function parseSecurityOptions(
  options: readonly string[],
): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const openPaths = options.includes('systempaths=unconfined');
  const sent = options
    .filter((option) => option !== 'systempaths=unconfined')
    .map((option) => readSeccomp(checkForm(option)));
  return {
    ...(sent.length > 0 ? { SecurityOpt: sent } : {}),
    ...(openPaths ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

/** Options that stand alone; all others are `name=value`. */
const bareOptions = ['no-new-privileges'];

function checkForm(option: string): string {
  if (/^[^=:]+[=:]/.test(option) || bareOptions.includes(option)) return option;
  throw optionError(`Invalid --security-opt: ${JSON.stringify(option)}`);
}

function readSeccomp(option: string): string {
  const value = /^seccomp[=:](.*)$/s.exec(option)?.[1];
  if (value === undefined || value === 'unconfined' || value === 'builtin') return option;
  const text = readTextFile(value, `opening seccomp profile (${value}) failed: `);
  try {
    return `seccomp=${JSON.stringify(JSON.parse(text))}`;
  } catch {
    throw optionError(`seccomp profile (${value}) is not valid JSON`);
  }
}
