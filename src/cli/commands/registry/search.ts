import type { EngineClient } from '../../../client/engine-client.ts';
import type { RegistryFailure } from '../../../contract/engine-types.ts';
import { isErrorCode, isWharfError, WharfError } from '../../../contract/errors.ts';
import { UsageError } from '../../argv/usage-error.ts';
import { type CommandContext, defineCommand, type FlagTable } from '../../command.ts';
import { registryAuthHeader } from '../../credentials/registry-auth.ts';
import { registryConfigHeader } from '../../credentials/registry-config.ts';
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
    Platforms: 'PLATFORMS',
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
  readonly platforms: readonly string[];
}

type Kind = 'image' | 'extension' | 'plugin';

/** What `--filter` asks for: some the registries answer themselves, the others are looked at here. */
interface Wanted {
  readonly kind: Kind | undefined;
  readonly platform: string | undefined;
  readonly registry: string | undefined;
  readonly keep: (item: Found) => boolean;
}

export const command = defineCommand({
  path: ['search'],
  summary: 'Search registries for images',
  usage: '[OPTIONS] TERM',
  description:
    'Searches Docker Hub and the registries the engine is set up with, the best first; `HOST[:PORT]/TERM` searches that registry.',
  flags: {
    filter: {
      type: 'list',
      short: 'f',
      metavar: 'name=value',
      help: 'Show only those that match: is-official=true, stars=3, kind=extension, platform=linux/arm64, registry=HOST',
    },
    format: { type: 'string', help: "Output: 'table', 'json', 'table TEMPLATE' or a Go template" },
    limit: { type: 'int', help: 'Most results of a registry (default 25)' },
    'no-trunc': { type: 'bool', help: 'Do not shorten anything' },
  },
  args: { min: 1, max: 1 },
  async run(ctx) {
    const { flags } = ctx;
    const [term = ''] = ctx.args;
    const wanted = wantedOf(parseFilters(flags.filter) ?? {});
    const engine = await ctx.engine();
    const found = (await search(ctx, engine, term, wanted)).filter(wanted.keep);
    const rows = found.map((item) => searchRow(item, !flags['no-trunc']));
    await ctx.terminal.out(renderList(rows, view, flags));
    return 0;
  },
});

type SearchContext<T extends FlagTable> = CommandContext<T> & {
  readonly flags: { readonly limit: number | undefined };
};

/** Wharf's engine searches all its registries, or the one that is named; another engine is asked docker's way. */
async function search<T extends FlagTable>(
  ctx: SearchContext<T>,
  engine: EngineClient,
  typed: string,
  wanted: Wanted,
): Promise<readonly Found[]> {
  const { limit } = ctx.flags;
  const host = registryOf(typed);
  const registry = host ?? wanted.registry;
  const term = host === undefined ? typed : typed.slice(host.length + 1);
  try {
    const names = registry === undefined ? await knownRegistries(ctx, engine) : [registry];
    const { results, failures } = await engine.call('RegistrySearch', {
      query: { query: term, limit, kind: wanted.kind, platform: wanted.platform, registry },
      headers: await registryConfigHeader(ctx, names),
      signal: ctx.signal,
    });
    const [only] = failures;
    if (registry !== undefined && only !== undefined) throw failureOf(only);
    for (const { registry: name, message } of failures) await ctx.terminal.err(`WARNING: ${name}: ${message}\n`);
    return results;
  } catch (error) {
    if (!isWharfError(error, 'request.not-found')) throw error;
    if (wanted.kind !== undefined || wanted.platform !== undefined)
      throw new UsageError('this engine can not search by kind or platform', {
        exitCode: 1,
        hint: 'Only Wharf’s engine can; leave these filters out.',
      });
    return searchOne(ctx, engine, { registry: registry ?? 'docker.io', term: typed, limit });
  }
}

/** One registry was asked for, and it did not answer: that is the command's failure. */
function failureOf({ code, message, hint }: RegistryFailure): WharfError {
  return new WharfError(isErrorCode(code) ? code : 'registry.failed', message, hint === undefined ? {} : { hint });
}

async function knownRegistries<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
): Promise<readonly string[]> {
  const list = await engine.call('RegistryList', { signal: ctx.signal });
  return list.filter(({ role }) => role === 'registry').map(({ name }) => name);
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
    platforms: [],
  }));
}

const knownFilters = ['is-official', 'is-automated', 'stars', 'kind', 'platform', 'registry'];

function wantedOf(filters: Readonly<Record<string, readonly string[]>>): Wanted {
  const bad = Object.keys(filters).find((name) => !knownFilters.includes(name));
  if (bad !== undefined)
    throw new UsageError(`invalid filter '${bad}'`, {
      exitCode: 1,
      hint: 'Filters: is-official, stars, kind, platform, registry.',
    });
  const stars = Math.max(0, ...(filters.stars ?? []).map(Number));
  if (Number.isNaN(stars)) throw new UsageError("invalid filter 'stars': must be a number", { exitCode: 1 });
  const kind = filters.kind?.at(-1);
  if (kind !== undefined && !isKind(kind))
    throw new UsageError("invalid filter 'kind': must be image, extension or plugin", { exitCode: 1 });
  const official = filters['is-official']?.at(-1);
  return {
    kind,
    platform: filters.platform?.at(-1),
    registry: filters.registry?.at(-1),
    keep: (item) => item.stars >= stars && (official === undefined || String(item.official) === official),
  };
}

function isKind(text: string): text is Kind {
  return text === 'image' || text === 'extension' || text === 'plugin';
}

function searchRow(item: Found, truncate: boolean): Row {
  const description = item.description.replaceAll(/[\r\n]/g, ' ');
  return {
    Description: truncate ? ellipsis(description, 45) : description,
    IsAutomated: '',
    IsOfficial: item.official ? '[OK]' : '',
    Kind: item.kind,
    Name: item.name,
    Platforms: item.platforms.join(','),
    Registry: item.registry,
    StarCount: String(item.stars),
    Title: item.title,
  };
}
