import { UsageError } from '../argv/usage-error.ts';

/** A flag's value that reads as a text but means nothing; docker answers 125. */
export function optionError(message: string, hint?: string): UsageError {
  return new UsageError(message, { exitCode: 125, ...(hint === undefined ? {} : { hint }) });
}
