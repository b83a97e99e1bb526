/** Who changed what, and who was refused: a line of JSON each, appended to a file. */

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { WharfError } from '../../../contract/errors.ts';

export interface AuditEntry {
  /** Empty for who did not sign in. */
  readonly user: string;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Why the registry did it by itself. */
  readonly reason?: string;
}

export class AuditLog implements AsyncDisposable {
  readonly #stream: WriteStream;

  private constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** @throws WharfError 'request.invalid' when the file can not be written */
  static async open(file: string, failed: (error: Error) => void): Promise<AuditLog> {
    const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
    await once(stream, 'open').catch((error: unknown) => {
      throw new WharfError('request.invalid', `the audit log can not be written: ${file}`, { cause: error });
    });
    stream.on('error', failed);
    return new AuditLog(stream);
  }

  /** Reads that went well are no news. */
  note(entry: AuditEntry): void {
    const reads = entry.method === 'GET' || entry.method === 'HEAD';
    if (reads && entry.status !== 401 && entry.status !== 403) return;
    this.#stream.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stream.destroyed) return;
    this.#stream.end();
    await once(this.#stream, 'close');
  }
}
