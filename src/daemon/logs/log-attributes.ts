/**
 * What `logs --details` shows before each line of a json-file container: labels and environment that the options name, and
 * the tag. They are worked out when somebody asks, of the container's own configuration, which does not change.
 */
import { initializeFailed, type LogConfig } from './log-config.ts';

export interface LogSubject {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly daemonName: string;
}

/** `a=1,b=2`, sorted and escaped as in a query; '' when nothing is asked for. @throws WharfError as logStorage does */
export function logAttributes(subject: LogSubject, log: LogConfig): string {
  if (log.type !== 'json-file') return '';
  const attributes: Record<string, string> = {};
  try {
    const { labels, 'labels-regex': labelsRegex, env, 'env-regex': envRegex, tag } = log.config;
    const variables = Object.fromEntries(
      subject.env.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
    );
    choose(attributes, subject.labels, labels, labelsRegex);
    choose(attributes, variables, env, envRegex);
    const text = tag === undefined ? '' : tagText(tag, subject);
    if (text !== '') attributes.tag = text;
  } catch (cause) {
    throw initializeFailed(cause);
  }
  return Object.keys(attributes)
    .sort()
    .map((name) => `${queryEscape(name)}=${queryEscape(attributes[name] ?? '')}`)
    .join(',');
}

function choose(
  attributes: Record<string, string>,
  from: Readonly<Record<string, string>>,
  names: string | undefined,
  regex: string | undefined,
): void {
  for (const name of names?.split(',') ?? []) {
    const value = from[name];
    if (Object.hasOwn(from, name) && value !== undefined) attributes[name] = value;
  }
  if (!regex) return;
  const pattern = goRegex(regex);
  for (const [name, value] of Object.entries(from)) if (pattern.test(name)) attributes[name] = value;
}

/** Go's and JavaScript's expressions have the usual things in common; what only one of them has is refused. */
function goRegex(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (cause) {
    const open = text.split('(').length - text.split(')').length;
    const why = open > 0 ? 'missing closing )' : open < 0 ? 'unexpected )' : 'invalid or unsupported expression';
    throw new Error(`error parsing regexp: ${why}: \`${text}\``, { cause });
  }
}

/** The fields of Docker's log tags; the rest of Go's templates is refused. */
function tagText(tag: string, subject: LogSubject): string {
  const fields: Readonly<Record<string, string>> = {
    ID: subject.id.slice(0, 12),
    FullID: subject.id,
    Name: subject.name,
    ImageID: subject.imageId.replace(/^sha256:/, '').slice(0, 12),
    ImageFullID: subject.imageId,
    ImageName: subject.image,
    DaemonName: subject.daemonName,
  };
  return tag.replace(/\{\{(.*?)(\}\}|$)/gs, (_, expression: string, end: string) => {
    const name = /^-?\s*\.(\w+)\s*-?$/.exec(expression)?.[1];
    const value = name === undefined ? undefined : fields[name];
    if (end !== '' && value !== undefined) return value;
    if (end === '' || name === undefined) {
      throw new Error(`template: log-tag:1: only fields such as {{.Name}} can be used: "{{${expression}${end}"`);
    }
    const at = `executing "log-tag" at <.${name}>: can't evaluate field ${name} in type *logger.Info`;
    throw new Error(`template: log-tag:1:2: ${at}`);
  });
}

/** Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
