import { WharfError } from '../../contract/errors.ts';
import type { LogEntry } from '../logs/container-log.ts';
import { streamType } from './attach.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { logPath } from './container-record.ts';
import type { LogsQuery, RawStreamType } from './container-service.ts';
import { framePieces, joinPieces } from './stream-framing.ts';

export interface LogsAnswer {
  readonly contentType: RawStreamType;
  readonly body: AsyncIterable<Uint8Array>;
}

/** GET /containers/{id}/logs. @throws WharfError 'request.invalid' for a query that asks for nothing or can't be read */
export function containerLogs(context: ContainerContext, ref: string, query: LogsQuery): LogsAnswer {
  const handle = context.find(ref);
  if (!query.stdout && !query.stderr) {
    throw new WharfError('request.invalid', 'Bad parameters: you must choose at least one stream');
  }
  const { config, hostConfig } = handle.record;
  if (hostConfig.LogConfig?.Type === 'none') {
    throw new WharfError('request.not-implemented', 'configured logging driver does not support reading');
  }
  const tty = config.Tty ?? false;
  const read = {
    stdout: query.stdout,
    stderr: query.stderr,
    follow: query.follow,
    tail: parseTail(query.tail),
    sinceNano: parseTimeNano(query.since, 'since'),
    untilNano: parseTimeNano(query.until, 'until'),
    signal: AbortSignal.any([query.signal, context.signal]),
  };
  const log = context.openLog(logPath(context.dataRoot, handle.id));
  return {
    contentType: streamType(tty),
    body: (async function* () {
      for await (const batch of log.read(read, endOfOutput(handle))) {
        if (batch.length > 0) yield render(batch, query.timestamps, tty);
      }
    })(),
  };
}

/** A container that restarts by itself is not at its end; one that was created only may still be started. */
function endOfOutput(handle: ContainerHandle): { done(): boolean; onDone(listener: () => void): () => void } {
  const ended = () => {
    const { kind } = handle.state;
    return kind === 'exited' || kind === 'dead' || kind === 'removing';
  };
  return {
    done: ended,
    onDone(listener) {
      const forgetExit = handle.waiters.onExit(() => {
        if (ended()) listener();
      });
      const forgetRemoved = handle.waiters.onRemoved(listener);
      return () => {
        forgetExit();
        forgetRemoved();
      };
    },
  };
}

/** 'all', '' and anything negative mean all, as in Docker. */
function parseTail(tail: string | undefined): number | undefined {
  if (tail === undefined || tail === '' || tail === 'all') return undefined;
  const lines = Number(tail);
  if (!Number.isInteger(lines)) {
    throw new WharfError('request.invalid', `invalid tail: "${tail}" is not a number`);
  }
  return lines < 0 ? undefined : lines;
}

/** UNIX seconds with an optional fraction, exact to the nanosecond. */
export function parseTimeNano(value: string | number | undefined, name: string): bigint | undefined {
  if (value === undefined || value === '' || value === 0 || value === '0') return undefined;
  const match = /^(-?\d+)(?:\.(\d{1,9})\d*)?$/.exec(String(value));
  if (!match?.[1]) throw new WharfError('request.invalid', `invalid value for "${name}": ${value}`);
  return BigInt(match[1]) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

/** Live lines come a few at a time and get a frame each, as clients that take a frame for a line expect; a backlog is joined. */
const maxLineFrames = 256;

function render(batch: readonly LogEntry[], timestamps: boolean, tty: boolean): Uint8Array {
  const pieces = timestamps
    ? batch.map(({ stream, bytes, timestamp, continues }) => ({
        stream,
        bytes,
        prefix: continues ? undefined : `${timestamp} `,
      }))
    : batch;
  return tty ? joinPieces(pieces) : framePieces(pieces, { join: batch.length > maxLineFrames });
}
