import { readFileSync } from 'node:fs';
import { optionError } from './option-error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/** The text of a file a flag names. @throws UsageError (125) that says why, in the shell's words */
export function readTextFile(path: string, before = ''): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw optionError(`${before}open ${path}: ${reasons[code] ?? String(error)}`);
  }
}
