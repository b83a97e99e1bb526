/**
 * The daemon's log: one logfmt line a record on stderr, so that journald, files and people can read it.
 *
 *   time=2026-11-22T04:00:00.000Z level=info msg="API listening" address=unix:///run/wharf/wharf.sock
 *
 * Fields named like secrets are never written, whatever they hold.
 */
export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];
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
  readonly write: (line: string) => void;
  readonly nowMs?: () => number;
}

export function createLogger({ level: firstLevel, write, nowMs = Date.now }: LoggerOptions): LevelledLogger {
  let level = firstLevel;
  const enabled = (wanted: LogLevel) => logLevels.indexOf(wanted) >= logLevels.indexOf(level);
  const record =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (!enabled(at)) return;
      const parts = [`time=${new Date(nowMs()).toISOString()}`, `level=${at}`, `msg=${quoted(message)}`];
      for (const [name, value] of Object.entries(fields)) {
        if (value !== undefined) parts.push(`${name}=${isSecret(name) ? '[hidden]' : quoted(textOf(value))}`);
      }
      write(`${parts.join(' ')}\n`);
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
