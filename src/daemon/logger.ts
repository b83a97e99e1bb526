/**
 * The daemon's log: one line a record on stderr, so that journald, files and people can read it; logfmt, or JSON for
 * collectors, with the same names in both.
 *
 *   time=2026-11-22T04:00:00.000Z level=info msg="API listening" address=unix:///run/wharf/wharf.sock
 *   {"level":"info","msg":"API listening","time":"2026-11-22T04:00:00.000Z","address":"unix:///run/wharf/wharf.sock"}
 *
 * Fields named like secrets are never written, whatever they hold.
 */
export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  fatal(message: string, fields?: LogFields): void;
  /** Whether records of this level are written; spares the making of costly fields. */
  enabled(level: LogLevel): boolean;
}

export interface LevelledLogger extends Logger {
  readonly level: LogLevel;
  setLevel(level: LogLevel): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** 'text' unless told. */
  readonly format?: LogFormat;
  readonly write: (line: string) => void;
  readonly nowMs?: () => number;
}

export function createLogger({
  level: firstLevel,
  format = 'text',
  write,
  nowMs = Date.now,
}: LoggerOptions): LevelledLogger {
  let level = firstLevel;
  const enabled = (wanted: LogLevel) => logLevels.indexOf(wanted) >= logLevels.indexOf(level);
  const record =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (!enabled(at)) return;
      const time = new Date(nowMs()).toISOString();
      const shown = Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, isSecret(name) ? '[hidden]' : textOf(value)] as const],
      );
      write(`${format === 'json' ? jsonLine(at, message, time, shown) : textLine(at, message, time, shown)}\n`);
    };
  return {
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    fatal: record('fatal'),
    enabled,
    get level() {
      return level;
    },
    setLevel(next) {
      level = next;
    },
  };
}

/** A logger that drops everything. */
export const silentLogger: Logger = createLogger({ level: 'fatal', write: () => undefined });

type Shown = readonly (readonly [name: string, text: string])[];

function textLine(level: LogLevel, message: string, time: string, fields: Shown): string {
  const parts = [`time=${time}`, `level=${level}`, `msg=${quoted(message)}`];
  return [...parts, ...fields.map(([name, text]) => `${name}=${quoted(text)}`)].join(' ');
}

/** A field must not pass for the record's own: those come first, and names of theirs get a mark. */
function jsonLine(level: LogLevel, msg: string, time: string, fields: Shown): string {
  const own = { level, msg, time };
  const others = fields.map(([name, text]) => [Object.hasOwn(own, name) ? `fields.${name}` : name, text]);
  return JSON.stringify({ ...own, ...Object.fromEntries(others) });
}

function isSecret(name: string): boolean {
  return /password|secret|token|authorization|credential/i.test(name);
}

function textOf(value: unknown): string {
  if (value instanceof Error) return errorText(value);
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}

/** The stack with those of its causes: a bug's only trace. Errors raised on purpose need their messages only. */
function errorText(error: Error): string {
  const own =
    'code' in error && 'status' in error ? `${String(error.code)}: ${error.message}` : (error.stack ?? error.message);
  return error.cause instanceof Error ? `${own} <- ${errorText(error.cause)}` : own;
}

function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : JSON.stringify(text);
}
