import { isWharfError } from '../../contract/errors.ts';
import type { CommandContext, FlagTable } from '../command.ts';

/** Whether an engine answers `_ping` within a second. */
export async function engineAnswers<T extends FlagTable>(ctx: CommandContext<T>): Promise<boolean> {
  try {
    const engine = await ctx.engine();
    await engine.call('SystemPing', { signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(1000)]) });
    return true;
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (isWharfError(error) || (error instanceof Error && error.name === 'TimeoutError')) return false;
    throw error;
  }
}
