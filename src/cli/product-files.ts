import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './argv/usage-error.ts';

/** The folder this installation lives in; the bundle (`out/cli`) and the sources (`src/cli`) lie equally deep. */
export const productRoot = join(import.meta.dirname, '..', '..');

/** A program of this installation. @throws UsageError when it was not built */
export function productProgram(path: string): string {
  const file = join(productRoot, path);
  if (existsSync(file)) return file;
  throw new UsageError(`${file} is missing`, { exitCode: 1, hint: 'Build it with `npm run build`.' });
}
