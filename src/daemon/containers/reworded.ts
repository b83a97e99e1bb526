import { isWharfError, WharfError } from '../../contract/errors.ts';

/**
 * An error raised on purpose with what was attempted before its message, as dockerd wraps some; others stay as they are.
 * @param status answered instead of the error's own
 */
export function reworded(prefix: string, error: unknown, status?: number): unknown {
  if (!isWharfError(error)) return error;
  const { code, message, hint } = error;
  return new WharfError(code, `${prefix}${message}`, {
    hint: hint ?? '',
    cause: error,
    status: status ?? error.status,
  });
}
