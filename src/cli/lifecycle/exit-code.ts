import type { EngineClient } from '../../client/engine-client.ts';
import { readText } from '../../client/read-text.ts';
import { wireError } from '../../client/wire-error.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';

const answerMaxBytes = 64 * 1024;

export type WaitCondition = 'next-exit' | 'removed' | 'not-running';

/**
 * Asks for a container's next exit. Resolves when the engine has taken note, so that a container that ends at once is not
 * missed; `code()` then waits for the end.
 */
export async function openWait(
  engine: EngineClient,
  id: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<{ code(): Promise<number> }> {
  const path = `/containers/${encodeURIComponent(id)}/wait?condition=${condition}`;
  const response = await engine.transport.request({ method: 'POST', path }, { signal });
  if (response.status >= 400) throw wireError(response.status, await readText(response.body, answerMaxBytes));
  const text = readText(response.body, answerMaxBytes);
  // Whoever fails before asking for the code must not leave a rejection behind.
  text.catch(() => undefined);
  return { code: async () => exitCodeOf(await text) };
}

function exitCodeOf(text: string): number {
  const result: unknown = text === '' ? undefined : JSON.parse(text);
  if (typeof result !== 'object' || result === null) {
    throw new WharfError('engine.protocol', 'waiting for the container: the engine ended the answer early');
  }
  const error = 'Error' in result ? result.Error : undefined;
  if (
    typeof error === 'object' &&
    error !== null &&
    'Message' in error &&
    typeof error.Message === 'string' &&
    error.Message !== ''
  ) {
    throw new WharfError('engine.failed', `waiting for the container: ${error.Message}`, { hint: '' });
  }
  const code = 'StatusCode' in result ? result.StatusCode : undefined;
  return typeof code === 'number' ? code : 125;
}

/**
 * What `docker run` and `exec` exit with when the process could not be started: 127 not found, 126 not executable, else
 * the given code.
 */
export function startFailureCode(error: unknown, otherwise: number): number {
  if (isWharfError(error, 'container.command-not-found')) return 127;
  if (isWharfError(error, 'container.command-not-executable')) return 126;
  if (isWharfError(error) && !isForeign(error)) return otherwise;
  // dockerd has no codes: its own client reads the message as well.
  const message = error instanceof Error ? error.message : '';
  if (/executable file not found|no such file or directory/.test(message)) return 127;
  return /permission denied|is a directory/.test(message) ? 126 : otherwise;
}

/** The code was guessed from the status: the answer came from an engine that sends none. */
function isForeign(error: WharfError): boolean {
  return ['request.invalid', 'engine.failed', 'request.not-found', 'request.conflict'].includes(error.code);
}
