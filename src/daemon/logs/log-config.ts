/**
 * What `--log-driver` and `--log-opt` ask for. dockerd looks at the names of options when a container is made (400) and at
 * their values when it is started (500, below "failed to initialize logging driver"); so do we, in its words.
 *
 * Both file drivers store the same way here (conmon's file, see container-log.ts) and differ in what they take and default to.
 */
import { WharfError } from '../../contract/errors.ts';
import { parseHumanSize } from './human-size.ts';

export interface LogConfig {
  readonly type: string;
  readonly config: Readonly<Record<string, string>>;
}

/** How much of the output is kept. */
export interface LogRetention {
  /** A file is put aside when it is that large; undefined: never. */
  readonly maxBytes: number | undefined;
  /** Files in all, the one written to included. */
  readonly maxFiles: number;
  readonly compress: boolean;
}

export type LogStorage = { readonly kind: 'files'; readonly retention: LogRetention } | { readonly kind: 'none' };

const anyDriver = [
  ...['mode', 'max-buffer-size'],
  // Of dockerd's copy for drivers that can't be read; ours all can.
  ...['cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'],
];
const jsonFileOptions = ['max-file', 'max-size', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const localOptions = ['max-file', 'max-size', 'compress'];

/** dockerd's drivers that send the output elsewhere. */
const absentDrivers = ['awslogs', 'fluentd', 'gcplogs', 'gelf', 'journald', 'splunk', 'syslog'];

/** At create. @throws WharfError 'container.config-invalid' */
export function checkLogConfig({ type, config }: LogConfig): void {
  switch (type) {
    case 'none':
      return;
    case 'json-file':
      checkNames(config, jsonFileOptions, (name) => `unknown log opt '${name}' for json-file log driver`);
      checkMode(config);
      return;
    case 'local':
      checkNames(config, localOptions, (name) => `unknown log opt '${name}' for log driver local`);
      checkMode(config);
      return;
    default:
      throw absentDrivers.includes(type)
        ? invalid(`logger: no log driver named '${type}' is registered`, "Use 'json-file', 'local' or 'none'.")
        : invalid(`error looking up logging plugin ${type}: plugin "${type}" not found`, "Use 'json-file' or 'local'.");
  }
}

function checkNames(config: LogConfig['config'], known: readonly string[], message: (name: string) => string): void {
  const unknown = Object.keys(config).find((name) => !known.includes(name) && !anyDriver.includes(name));
  if (unknown !== undefined) throw invalid(message(unknown));
}

/** conmon writes to a file and waits for nobody, so that both modes are the same to the container. */
function checkMode({ mode = '', 'max-buffer-size': buffer }: LogConfig['config']): void {
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  if (buffer === undefined) return;
  if (mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  try {
    parseHumanSize(buffer, 1024);
  } catch (cause) {
    throw invalid(`error parsing option max-buffer-size: ${textOf(cause)}`);
  }
}

/** At start. @throws WharfError 'container.config-invalid', status 500 */
export function logStorage({ type, config }: LogConfig): LogStorage {
  if (type === 'none') return { kind: 'none' };
  try {
    return { kind: 'files', retention: type === 'local' ? localRetention(config) : jsonFileRetention(config) };
  } catch (cause) {
    throw initializeFailed(cause);
  }
}

export function initializeFailed(cause: unknown): WharfError {
  const message = `failed to create task for container: failed to initialize logging driver: ${textOf(cause)}`;
  return new WharfError('container.config-invalid', message, { status: 500, cause });
}

function jsonFileRetention(config: LogConfig['config']): LogRetention {
  const { 'max-size': size, 'max-file': files, compress: compressText } = config;
  const maxBytes = size === undefined ? undefined : parseHumanSize(size, 1000);
  if (maxBytes === 0) throw new Error('max-size must be a positive number');
  const maxFiles = files === undefined ? 1 : goInt(files);
  if (maxFiles < 1) throw new Error('max-file cannot be less than 1');
  const compress = compressText !== undefined && goBool(compressText);
  if (compress && (maxFiles === 1 || maxBytes === undefined)) {
    throw new Error('compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  return { maxBytes, maxFiles, compress };
}

const localMaxBytes = 20 * 1024 * 1024;
const localMaxFiles = 5;

function localRetention(config: LogConfig['config']): LogRetention {
  const { 'max-size': size, 'max-file': files, compress: compressText } = config;
  const maxBytes =
    size === undefined
      ? localMaxBytes
      : prefixed(`invalid value for max-size: ${size}: `, () => parseHumanSize(size, 1024));
  const maxFiles =
    files === undefined ? localMaxFiles : prefixed(`invalid value for max-file: ${files}: `, () => goInt(files));
  const compress =
    compressText === undefined || prefixed('error reading compress log option: ', () => goBool(compressText));
  if (maxFiles < 0) throw new Error('max file count cannot be less than 0');
  if (compress && maxFiles <= 1) throw new Error('compression cannot be enabled when max file count is 1');
  // As dockerd: 0 is no bound.
  return { maxBytes: maxBytes === 0 ? undefined : maxBytes, maxFiles: Math.max(1, maxFiles), compress };
}

function prefixed<T>(prefix: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${prefix}${textOf(cause)}`, { cause });
  }
}

/** Go's strconv.Atoi. */
function goInt(text: string): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (!Number.isSafeInteger(value))
    throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

/** Go's strconv.ParseBool. */
function goBool(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function invalid(message: string, hint?: string): WharfError {
  return new WharfError('container.config-invalid', message, { hint });
}
