import type { CommandContext, FlagTable } from './command.ts';
import { renderInspect } from './format/inspect-view.ts';

/** Flags of every `inspect`. */
export const inspectFlags = {
  format: { type: 'string', short: 'f', help: "Output: 'json' or a Go template" },
} as const satisfies FlagTable;

/** Prints the objects that are there and reports the others; exit code 1 when one is missing. */
export async function inspectEach<T extends FlagTable>(
  ctx: CommandContext<T>,
  format: string | undefined,
  load: (name: string) => Promise<unknown>,
): Promise<number> {
  const found: unknown[] = [];
  const failures: unknown[] = [];
  for (const name of ctx.args) {
    try {
      found.push(await load(name));
    } catch (error) {
      ctx.signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (found.length > 0 || format === undefined) await ctx.terminal.out(renderInspect(found, format));
  for (const failure of failures) await ctx.report(failure);
  return failures.length > 0 ? 1 : 0;
}
