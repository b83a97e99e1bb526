/** From an engine's error answer to a WharfError: message, code and hint as sent; for other engines the code by status. */
import { type ErrorCode, isErrorCode, WharfError } from '../contract/errors.ts';

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'request.invalid',
  401: 'auth.required',
  403: 'auth.denied',
  404: 'request.not-found',
  409: 'request.conflict',
  413: 'request.too-large',
  501: 'request.not-implemented',
  503: 'engine.unavailable',
};

/** @param text the answer's body */
export function wireError(status: number, text: string): WharfError {
  const answer = parseAnswer(text);
  const code = isErrorCode(answer.code) ? answer.code : (codeByStatus[status] ?? 'engine.failed');
  const message = answer.message ?? (text.trim().slice(0, 500) || `the engine answered with status ${status}`);
  // An empty hint, not the code's default one, when an engine that knows hints sent none, or another engine answered.
  return new WharfError(code, message, { hint: answer.hint ?? '', status });
}

function parseAnswer(text: string): { message?: string; code?: unknown; hint?: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    const { message, code, hint } = value as { message?: unknown; code?: unknown; hint?: unknown };
    return {
      message: typeof message === 'string' ? message : undefined,
      code,
      hint: typeof hint === 'string' ? hint : undefined,
    };
  } catch {
    return {};
  }
}
