/** Errors of volumes, put together as Docker words them. */
import { isWharfError, WharfError } from '../../contract/errors.ts';

export function noSuchVolume(attempt: string, name: string): WharfError {
  return new WharfError('volume.not-found', `${attempt} ${name}: no such volume`);
}

/** The same error with what was attempted before its message. */
export function prefixed(attempt: string, error: unknown, asStatus?: number): unknown {
  if (!isWharfError(error) || error.message.startsWith(attempt)) return error;
  const { code, hint = '', status } = error;
  return new WharfError(code, attempt + error.message, { hint, status: asStatus ?? status, cause: error });
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
