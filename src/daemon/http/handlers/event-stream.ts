/** `GET /events`: the past within its bounds, then what happens, until the bound or the client's end. */
import { WharfError } from '../../../contract/errors.ts';
import type { Filters } from '../../../contract/schema.ts';
import { parseUnixNano } from '../../../contract/unix-time.ts';
import type { EngineEvent, EventBus } from '../../events/event-bus.ts';
import type { DocumentOutput } from '../handler.ts';

export interface EventQuery {
  readonly since?: string;
  readonly until?: string;
  readonly filters?: Filters;
}

/** Answers when `until` has passed or the signal fires. @throws WharfError 'request.invalid' for bounds that are no times or the wrong way round */
export async function streamEvents(
  bus: EventBus,
  query: EventQuery,
  output: DocumentOutput,
  signal: AbortSignal,
): Promise<void> {
  const since = parseUnixNano(query.since);
  const until = parseUnixNano(query.until);
  if (since !== undefined && until !== undefined && since > until) {
    const message = `\`since\` time (${query.since}) cannot be after \`until\` time (${query.until})`;
    throw new WharfError('request.invalid', message);
  }
  const filters = query.filters ?? {};
  const send = (event: EngineEvent) => {
    if (until !== undefined && event.timeNano > until) return;
    if (matchesFilters(event, filters)) output.sendText(eventJson(event));
  };
  output.flushHead();
  // Listening begins before the past is sent; publishing is synchronous, so none is missed and none comes twice.
  // Any bound asks for the past too, as in dockerd.
  const from = since ?? (until === undefined ? undefined : 0n);
  const past = from === undefined ? [] : [...bus.history()].filter((event) => event.timeNano >= from);
  const unsubscribe = bus.subscribe(send);
  try {
    for (const event of past) send(event);
    await ended(until, signal);
  } finally {
    unsubscribe();
  }
}

/** Longest delay of a Node timer. */
const timerMaxMs = 2 ** 31 - 1;

function ended(untilNano: bigint | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    let timer: NodeJS.Timeout | undefined;
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    if (untilNano !== undefined) {
      const delayMs = Number(untilNano / 1_000_000n) - Date.now();
      timer = setTimeout(finish, Math.min(Math.max(delayMs, 0), timerMaxMs));
    }
    signal.addEventListener('abort', finish, { once: true });
  });
}

/** Docker's shape with its older fields; the nanoseconds exact, which a JavaScript number could not carry. */
export function eventJson(event: EngineEvent): string {
  const { Type, Action, Actor, scope, time, timeNano } = event;
  const older =
    Type === 'container' || Type === 'image'
      ? { status: Action, id: Actor.ID || undefined, from: Actor.Attributes.image || undefined }
      : {};
  const fields = JSON.stringify({ ...older, Type, Action, Actor, scope, time });
  return `${fields.slice(0, -1)},"timeNano":${timeNano}}`;
}

/** Values of one filter are alternatives, filters together all have to match. As dockerd, other names filter nothing. */
export function matchesFilters(event: EngineEvent, filters: Filters): boolean {
  return Object.entries(filters).every(([name, values]) => values.length === 0 || matches(event, name, values));
}

function matches(event: EngineEvent, name: string, values: readonly string[]): boolean {
  const { Type, Action, Actor } = event;
  switch (name) {
    case 'type':
      return values.includes(Type);
    case 'scope':
      return values.includes(event.scope);
    case 'event':
      // `health_status: healthy` and `exec_start: /bin/sh` are also found by what stands before the colon.
      return values.some((value) => Action === value || Action.split(':', 1)[0] === value);
    case 'label':
      return values.every((value) => hasLabel(Actor.Attributes, value));
    case 'image':
      return values.some((value) => isOfImage(event, value));
    case 'container':
    case 'network':
    case 'volume':
    case 'plugin':
    case 'daemon':
      // By the beginning of ID or name, of whatever kind: dockerd does not ask for the type here.
      return values.some((value) => Actor.ID.startsWith(value) || Actor.Attributes.name?.startsWith(value));
    case 'node':
    case 'service':
    case 'secret':
    case 'config':
      return false;
    default:
      return true;
  }
}

function hasLabel(attributes: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  if (equals < 0) return Object.hasOwn(attributes, wanted);
  return attributes[wanted.slice(0, equals)] === wanted.slice(equals + 1);
}

/** A container's event counts for its image too; a name matches with and without its tag. */
function isOfImage(event: EngineEvent, wanted: string): boolean {
  const { Type, Actor } = event;
  if (Type !== 'image' && Type !== 'container') return false;
  const name = Type === 'image' ? (Actor.Attributes.name ?? Actor.ID) : (Actor.Attributes.image ?? '');
  return name === wanted || withoutTag(name) === wanted || (Type === 'image' && Actor.ID === wanted);
}

function withoutTag(name: string): string {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
