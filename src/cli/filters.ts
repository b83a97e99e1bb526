import type { Filters } from '../contract/engine-types.ts';
import { UsageError } from './argv/usage-error.ts';

/** `-f name=value` texts as the engine's filter map. @throws UsageError for a text without `=` */
export function parseFilters(texts: readonly string[]): Filters | undefined {
  if (texts.length === 0) return undefined;
  const filters: Record<string, string[]> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 0) {
      throw new UsageError(
        `invalid argument ${JSON.stringify(text)} for "--filter" flag: bad format of filter (expected name=value)`,
        {
          exitCode: 125,
        },
      );
    }
    const name = text.slice(0, equals).trim().toLowerCase();
    filters[name] = [...(filters[name] ?? []), text.slice(equals + 1).trim()];
  }
  return filters;
}
