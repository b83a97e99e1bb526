/** Reads the body of a small answer whole: bounded in size and in time, since the peer is not trusted. */
import type { IncomingMessage } from 'node:http';
import { WharfError } from '../../contract/errors.ts';
import { attempt, cancelled, networkFailure, timedOut } from './network-failure.ts';

export interface DocumentLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** @throws WharfError 'registry.protocol' when it is longer than the limit, 'registry.timeout', 'registry.failed' */
export async function readDocument(response: IncomingMessage, url: URL, limits: DocumentLimits): Promise<Buffer> {
  const timer = setTimeout(() => response.destroy(timedOut('GET', url, 'reading the answer')), limits.timeoutMs);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response) {
      sizeBytes += chunk.length;
      if (sizeBytes > limits.maxBytes) {
        throw new WharfError(
          'registry.protocol',
          `${attempt('GET', url)}: the answer is larger than ${limits.maxBytes} bytes`,
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (limits.signal.aborted) throw cancelled(limits.signal);
    throw networkFailure(error, 'GET', url);
  } finally {
    clearTimeout(timer);
    if (!response.complete) response.destroy();
  }
}

/** Lets the connection return to its pool; a body too large for that ends the connection. */
export function discard(response: IncomingMessage): void {
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  if (Number.isNaN(length) ? response.headers['transfer-encoding'] !== undefined : length > 64 * 1024) {
    response.destroy();
    return;
  }
  response.on('error', () => undefined);
  const timer = setTimeout(() => response.destroy(), 5_000);
  response.once('close', () => clearTimeout(timer));
  timer.unref();
  response.resume();
}
