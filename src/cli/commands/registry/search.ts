import type { EngineClient } from '../../../client/engine-client.ts';
import { isWharfError } from '../../../contract/errors.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { type CommandContext, defineCommand, type FlagTable } from '../../command.ts';
import { registryAuthHeader } from '../../credentials/registry-auth.ts';
import { parseFilters } from '../../filters.ts';
import { type ListView, type Row, renderList } from '../../format/list-view.ts';
import { ellipsis } from '../../format/table.ts';

const view: ListView = {
  table: '{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}',
  headers: {
    Description: 'DESCRIPTION',
    IsAutomated: 'AUTOMATED',
    IsOfficial: 'OFFICIAL',
    Kind: 'KIND',
    Name: 'NAME',
    Registry: 'REGISTRY',
    StarCount: 'STARS',
    Title: 'TITLE',
  },
};

interface Found {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
  readonly kind: string;
  readonly registry: string;
  readonly title: string;
}

export const command = defineCommand({
  path: ['search'],
  summary: 'Search registries for images',
  usage: '[OPTIONS] TERM',
  description:
    'Searches Docker Hub and the registries the engine is set up with; `HOST[:PORT]/TERM` searches that registry.',
  flags: {
    filter: {
      type: 'list',
      short: 'f',
      metavar: 'name=value',
      help: 'Show only those that match: is-official=true, stars=3',
    },
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    limit: { type: 'int', help: 'Most results of a registry (default 25)' },
    'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
  },
  args: { min: 1, max: 1 },
  async run(ctx) {
    const { flags } = ctx;
    const [term = ''] = ctx.args;
    const keep = filterOf(parseFilters(flags.filter) ?? {});
    const engine = await ctx.engine();
    const found = (await search(ctx, engine, term, flags.limit)).filter(keep);
    const rows = found.map((item) => searchRow(item, !flags['no-trunc']));
    await ctx.terminal.out(renderList(rows, view, flags));
    return 0;
  },
});

/** Wharf's engine searches all its registries; one that is named, or another engine, is asked docker's way. */
async function search<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
  term: string,
  limit: number | undefined,
): Promise<Found[]> {
  const registry = registryOf(term);
  if (registry !== undefined) return searchOne(ctx, engine, { registry, term, limit });
  try {
    const { results, failures } = await engine.call('RegistrySearch', {
      query: { query: term, limit },
      signal: ctx.signal,
    });
    for (const { registry: name, message } of failures) await ctx.terminal.err(`WARNING: ${name}: ${message}\n`);
    return [...results];
  } catch (error) {
    if (!isWharfError(error, 'request.not-found')) throw error;
    return searchOne(ctx, engine, { registry: 'docker.io', term, limit });
  }
}

/** The host a term starts with, by the rule of image names: `localhost:5055/web`. */
function registryOf(term: string): string | undefined {
  const slash = term.indexOf('/');
  const host = term.slice(0, Math.max(slash, 0));
  return host !== '' && (/[.:]/.test(host) || host === 'localhost') ? host : undefined;
}

/** One registry, with what this user may see there. */
async function searchOne<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
  { registry, term, limit }: { readonly registry: string; readonly term: string; readonly limit: number | undefined },
): Promise<Found[]> {
  const headers = await registryAuthHeader(ctx, registry);
  const items = await engine.call('ImageSearch', { query: { term, limit }, headers, signal: ctx.signal });
  return items.map((item) => ({
    name: item.name,
    description: item.description,
    stars: item.star_count,
    official: item.is_official,
    kind: 'image',
    registry,
    title: '',
  }));
}

function filterOf(filters: Readonly<Record<string, readonly string[]>>): (item: Found) => boolean {
  const bad = Object.keys(filters).find((name) => !['is-official', 'is-automated', 'stars'].includes(name));
  if (bad !== undefined)
    throw new UsageError(`invalid filter '${bad}'`, { exitCode: 1, hint: 'Filters: is-official, stars.' });
  const stars = Math.max(0, ...(filters.stars ?? []).map(Number));
  const official = filters['is-official']?.at(-1);
  if (Number.isNaN(stars)) throw new UsageError("invalid filter 'stars': must be a number", { exitCode: 1 });
  return (item) => item.stars >= stars && (official === undefined || String(item.official) === official);
}

function searchRow(item: Found, truncate: boolean): Row {
  const description = item.description.replaceAll(/[\r\n]/g, ' ');
  return {
    Description: truncate ? ellipsis(description, 45) : description,
    IsAutomated: '',
    IsOfficial: item.official ? '[OK]' : '',
    Kind: item.kind,
    Name: item.name,
    Registry: item.registry,
    StarCount: String(item.stars),
    Title: item.title,
  };
}
