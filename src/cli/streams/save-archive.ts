import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../argv/usage-error.ts';
import type { CommandContext, FlagTable } from '../command.ts';

/**
 * Writes an archive to a file or to standard output. The file appears when it is complete; a terminal is refused.
 */
export async function saveArchive<T extends FlagTable>(
  ctx: CommandContext<T>,
  path: string | undefined,
  open: () => Promise<ReadableStream<Uint8Array>>,
): Promise<void> {
  if (path === undefined || path === '-') {
    if (ctx.terminal.stdoutIsTty) {
      throw new UsageError('cowardly refusing to save to a terminal', {
        exitCode: 1,
        hint: 'Use the -o flag or redirect.',
      });
    }
    for await (const chunk of await open()) await ctx.terminal.out(chunk);
    return;
  }
  const body = await open();
  const target = resolve(path);
  const temporary = `${target}.${process.pid}.part`;
  mkdirSync(dirname(target), { recursive: true });
  try {
    await pipeline(Readable.fromWeb(body), createWriteStream(temporary, { mode: 0o600 }), { signal: ctx.signal });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
