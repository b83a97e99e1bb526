import { WharfError } from '../../contract/errors.ts';
import type { Filters } from './container-service.ts';

/** What the filters look at in one container; reading it must be cheap for the first ones. */
export interface FilterSubject {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly imageId: string;
  readonly status: string;
  /** undefined unless it has exited. */
  readonly exitCode: number | undefined;
  /** none, starting, healthy, unhealthy */
  readonly health: string;
  readonly isTask: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Names and destinations. */
  readonly volumes: readonly string[];
  /** Names and IDs. */
  readonly networks: readonly string[];
  /** Container ports of one that runs, '80/tcp'. */
  readonly exposed: readonly string[];
  /** Host ports of one that runs, '8080/tcp'. */
  readonly published: readonly string[];
}

/** What the filters need of the rest of the engine. */
export interface FilterWorld {
  /** Image IDs that are, or descend from, what is named. */
  ancestor(name: string): ReadonlySet<string>;
  /** Creation time of a container. @throws WharfError 'container.not-found' */
  createdAt(ref: string): number;
}

type Test = (subject: FilterSubject) => boolean;

const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const healths = ['none', 'starting', 'healthy', 'unhealthy'];

/**
 * Docker's filters of `GET /containers/json`: every filter must hold, and within one any of its values.
 * @throws WharfError 'request.invalid' for an unknown filter or value
 */
export function compileFilters(filters: Filters, world: FilterWorld): Test {
  const tests: Test[] = [];
  for (const [name, values] of filters) if (values.length > 0) tests.push(compile(name, values, world));
  return (subject) => tests.every((test) => test(subject));
}

/** Whether the filters ask for containers that do not run, which the list leaves out otherwise. */
export function asksForStopped(filters: Filters): boolean {
  return filters.has('status') || filters.has('exited');
}

function compile(name: string, values: readonly string[], world: FilterWorld): Test {
  switch (name) {
    case 'id':
      return ({ id }) => values.some((value) => id.startsWith(value) || matches(value, id));
    case 'name':
      return ({ name: own }) => values.some((value) => matches(value, `/${own}`) || matches(value, own));
    case 'status':
      checkValues(name, values, statuses, 'state');
      return ({ status }) => values.includes(status);
    case 'health':
      checkValues(name, values, healths, 'health');
      return ({ health }) => values.includes(health);
    case 'exited': {
      const codes = values.map((value) => integer(name, value));
      return ({ exitCode }) => exitCode !== undefined && codes.includes(exitCode);
    }
    case 'label':
      // Labels are the exception: all of them must be there.
      return ({ labels }) => values.every((value) => hasLabel(labels, value));
    case 'ancestor': {
      const images = new Set(values.flatMap((value) => [...world.ancestor(value)]));
      return ({ imageId }) => images.has(imageId);
    }
    case 'before': {
      const latest = Math.max(...values.map((value) => world.createdAt(value)));
      return ({ createdAtMs }) => createdAtMs < latest;
    }
    case 'since': {
      const earliest = Math.min(...values.map((value) => world.createdAt(value)));
      return ({ createdAtMs }) => createdAtMs > earliest;
    }
    case 'volume':
      return ({ volumes }) => values.some((value) => volumes.includes(value));
    case 'network':
      return ({ networks }) => values.some((value) => networks.some((own) => own === value || isIdPrefix(value, own)));
    case 'expose':
      return ({ exposed }) => values.some((value) => portsOf(name, value).some((port) => exposed.includes(port)));
    case 'publish':
      return ({ published }) => values.some((value) => portsOf(name, value).some((port) => published.includes(port)));
    case 'is-task':
      checkFlags(name, values);
      return ({ isTask }) => values.some((value) => (value === 'true' || value === '1') === isTask);
    case 'isolation':
      // Of Windows; dockerd takes it here too, and it holds for every container.
      return () => true;
    default:
      throw new WharfError('request.invalid', `invalid filter '${name}'`);
  }
}

function isIdPrefix(value: string, id: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(value) && id.startsWith(value);
}

/** Docker reads names and IDs as regular expressions, and as plain text where they are none. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return text.includes(pattern);
  }
}

export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals === -1) return Object.hasOwn(labels, wanted);
  return labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

function checkValues(name: string, values: readonly string[], allowed: readonly string[], what: string): void {
  const odd = values.find((value) => !allowed.includes(value));
  if (odd === undefined) return;
  throw new WharfError(
    'request.invalid',
    `invalid filter '${name}=${odd}': invalid value for ${what} (${odd}): must be one of ${allowed.join(', ')}`,
  );
}

function checkFlags(name: string, values: readonly string[]): void {
  const known = values.every((value) => ['true', 'false', '1', '0'].includes(value));
  if (!known) throw new WharfError('request.invalid', `invalid filter '${name}=[${values.join(' ')}]'`);
}

function integer(name: string, value: string): number {
  if (!/^[+-]?\d+$/.test(value)) {
    const reason = `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`;
    throw new WharfError('request.invalid', `invalid filter '${name}=${value}': ${reason}`);
  }
  return Number(value);
}

/** '80', '80/tcp', '8000-8010/udp' */
function portsOf(name: string, value: string): readonly string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || last > 65_535 || last < first) {
    throw new WharfError('request.invalid', `invalid filter '${name}=${value}'`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${match[3] ?? 'tcp'}`);
}
