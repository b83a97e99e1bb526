import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { UsageError } from '../argv/usage-error.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { inputStream } from './input-stream.ts';

/** An archive to send: a file, or `-` for standard input, which must not be a terminal. @throws UsageError */
export async function openArchive<T extends FlagTable>(
  ctx: CommandContext<T>,
  path: string,
  whenEmpty: string,
): Promise<ReadableStream<Uint8Array>> {
  if (path === '-') {
    if (ctx.terminal.stdinIsTty) {
      throw new UsageError(whenEmpty, { exitCode: 1, hint: 'Name a file, or send the archive by a pipe.' });
    }
    return inputStream(ctx.terminal);
  }
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new UsageError(`open ${path}: no such file or directory`, { exitCode: 1 });
    throw cause;
  });
  if (found.isDirectory()) throw new UsageError(`${path} is a folder, not an archive`, { exitCode: 1 });
  return Readable.toWeb(createReadStream(path, { highWaterMark: 1 << 20 }));
}
