import { WharfError } from '../../contract/errors.ts';
import { parseUnixNano } from '../../contract/unix-time.ts';
import type { LogEntry } from '../logs/container-log.ts';
import { logAttributes } from '../logs/log-attributes.ts';
import { streamType } from './attach.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { logPath } from './container-record.ts';
import type { LogsQuery, RawStreamType } from './container-service.ts';
import { logConfigOf, logSubject } from './log-keeping.ts';
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
    sinceNano: bound(query.since),
    untilNano: bound(query.until),
    signal: AbortSignal.any([query.signal, context.signal]),
  };
  const log = context.openLog(logPath(context.dataRoot, handle.id));
  const attributes = query.details ? logAttributes(logSubject(handle.record), logConfigOf(hostConfig)) : undefined;
  return {
    contentType: streamType(tty),
    body: (async function* () {
      for await (const batch of log.read(read, endOfOutput(handle))) {
        if (batch.length > 0) yield render(batch, { timestamps: query.timestamps, attributes, tty });
      }
    })(),
  };
}

/** A container that restarts by itself is not at its end. Of one that never ran nothing will come, as dockerd sees it. */
function endOfOutput(handle: ContainerHandle): { done(): boolean; onDone(listener: () => void): () => void } {
  const ended = () => {
    const { kind } = handle.state;
    return kind === 'created' || kind === 'exited' || kind === 'dead' || kind === 'removing';
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

/** 'all' and whatever else is no number means all, as in Docker. */
function parseTail(tail: string | undefined): number | undefined {
  if (tail === undefined || !/^\+?\d{1,15}$/.test(tail)) return undefined;
  return Number(tail);
}

/** 0 is no bound. */
function bound(value: string | number | undefined): bigint | undefined {
  return parseUnixNano(value === undefined ? undefined : String(value)) || undefined;
}

/** Live lines come a few at a time and get a frame each, as clients that take a frame for a line expect; a backlog is joined. */
const maxLineFrames = 256;

interface Rendering {
  readonly timestamps: boolean;
  /** undefined: not asked for. */
  readonly attributes: string | undefined;
  readonly tty: boolean;
}

function render(batch: readonly LogEntry[], { timestamps, attributes, tty }: Rendering): Uint8Array {
  const details = attributes === undefined ? '' : `${attributes} `;
  const pieces =
    timestamps || details !== ''
      ? batch.map(({ stream, bytes, timestamp }) => ({
          stream,
          bytes,
          prefix: timestamps ? `${timestamp} ${details}` : details,
        }))
      : batch;
  return tty ? joinPieces(pieces) : framePieces(pieces, { join: batch.length > maxLineFrames });
}
