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
  const known = isWharfError(error) ? error : internalError(error, log);
  return { status: known.status, body: { message: known.message, code: known.code, hint: known.hint } };
}

/** The same as the last line of a progress stream whose headers are out already. */
export function progressFailure(error: unknown, log: Logger): ProgressMessage {
  const known = isWharfError(error) ? error : internalError(error, log);
  return {
    errorDetail: { message: known.message, wharfCode: known.code, hint: known.hint },
    error: known.message,
  };
}

export const pageNotFound: ErrorAnswer = {
  status: errorKinds['request.not-found'].status,
  body: { message: 'page not found', code: 'request.not-found' },
};

function internalError(error: unknown, log: Logger): WharfError {
  log.error('unexpected error in a request', { error });
  return new WharfError('internal', error instanceof Error ? error.message : String(error), { cause: error });
}
