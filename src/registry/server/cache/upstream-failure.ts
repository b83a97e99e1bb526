/** What an upstream's failure means to a client of its cache. */
import { isWharfError, type WharfError } from '../../../contract/errors.ts';
import { RegistryError } from '../http/registry-error.ts';

/** Whether the upstream is down, or out of its wits, rather than of another opinion: then what is held will do. */
export function isPassing(error: unknown): error is WharfError {
  if (!isWharfError(error)) return false;
  return error.code.startsWith('registry.') || error.code === 'digest.mismatch' || error.code === 'size.mismatch';
}

/** Whether it could not be talked to at all: then it is not asked again for a moment. */
export function isDown(error: unknown): boolean {
  return isWharfError(error, 'registry.unreachable') || isWharfError(error, 'registry.timeout');
}

/** @param unknown what to say when the upstream has no such thing */
export function upstreamFailure(
  error: unknown,
  upstream: string,
  unknown: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN' | 'NAME_UNKNOWN',
): unknown {
  if (!isWharfError(error)) return error;
  const message = `upstream ${upstream}: ${error.message}`;
  switch (error.code) {
    case 'manifest.unknown':
      return new RegistryError(unknown, { cause: error });
    case 'auth.required':
    case 'auth.denied':
      // Not 401: it is not the client's sign-in that the upstream refused, and another one here would not help.
      return new RegistryError('DENIED', { message, cause: error });
    case 'registry.rate-limited':
      return new RegistryError('TOOMANYREQUESTS', { message, cause: error, headers: { 'retry-after': '60' } });
    case 'registry.timeout':
      return new RegistryError('UNAVAILABLE', { message, cause: error, status: 504 });
    case 'registry.unreachable':
      return new RegistryError('UNAVAILABLE', { message, cause: error });
    case 'image.unsupported':
    case 'manifest.invalid':
      return new RegistryError('MANIFEST_UNKNOWN', { message, cause: error });
    default:
      return isPassing(error) ? new RegistryError('UNAVAILABLE', { message, cause: error, status: 502 }) : error;
  }
}
