/** From anything thrown to what goes on the wire: Docker's `{message}` plus Wharf's code and hint. */
import { errorKinds, isWharfError, WharfError } from '../../contract/errors.ts';
import type { ProgressMessage } from '../../contract/types/images.ts';
import type { Logger } from '../logger.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly body: { readonly message: string; readonly code: string; readonly hint?: string };
}

/** Errors raised on purpose as they are; anything else is a bug: logged whole, told to the client by its message only. */
export function errorAnswer(error: unknown, log: Logger): ErrorAnswer {
  const known = wharfErrorOf(error, log);
  return { status: known.status, body: { message: known.message, code: known.code, hint: known.hint } };
}

/** The same as the last line of a progress stream whose headers are out already. */
export function progressFailure(error: unknown, log: Logger): ProgressMessage {
  const known = wharfErrorOf(error, log);
  return {
    errorDetail: { message: known.message, wharfCode: known.code, hint: known.hint },
    error: known.message,
  };
}

export const pageNotFound: ErrorAnswer = {
  status: errorKinds['request.not-found'].status,
  body: { message: 'page not found', code: 'request.not-found' },
};

function wharfErrorOf(error: unknown, log: Logger): WharfError {
  if (isWharfError(error)) return error;
  if (isDiskFull(error)) return new WharfError('disk.full', 'no space left on device', { cause: error });
  return internalError(error, log);
}

const SQLITE_FULL = 13;

/** A full disk may show at any write, so it is recognized here for all of them. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error && error.errcode === SQLITE_FULL) return true;
  return 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function internalError(error: unknown, log: Logger): WharfError {
  log.error('unexpected error in a request', { error });
  return new WharfError('internal', error instanceof Error ? error.message : String(error), { cause: error });
}
