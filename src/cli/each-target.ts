import type { CommandContext, FlagTable } from './command.ts';

/** How many targets of one command line are worked on at once, as in docker. */
const parallel = 50;

/**
 * Does one thing to each target and prints its name when done, in the order given. A failure is reported and the others go
 * on. Resolves with the exit code.
 */
export async function eachTarget<T extends FlagTable>(
  ctx: CommandContext<T>,
  targets: readonly string[],
  act: (target: string) => Promise<string | undefined>,
): Promise<number> {
  let failed = false;
  for (let from = 0; from < targets.length; from += parallel) {
    const batch = targets.slice(from, from + parallel).map((target) => {
      const work = act(target);
      // Failures are met below, in order; until then they must not count as unhandled.
      work.catch(() => undefined);
      return work;
    });
    for (const work of batch) {
      try {
        const line = await work;
        if (line !== undefined) await ctx.terminal.out(`${line}\n`);
      } catch (error) {
        ctx.signal.throwIfAborted();
        failed = true;
        await ctx.report(error);
      }
    }
  }
  return failed ? 1 : 0;
}
