import type { EngineClient } from '../../client/engine-client.ts';
import type { CommandContext, FlagTable } from '../command.ts';
import { followSize, runSession } from '../streams/session.ts';
import { openWait, type WaitCondition } from './exit-code.ts';

export interface AttachedRun {
  readonly id: string;
  readonly tty: boolean;
  readonly streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly detachKeys: { readonly text: string; readonly bytes: Uint8Array };
  readonly proxySignals: boolean;
  readonly condition: WaitCondition;
  /** Starts the container, once everything listens. Absent: it runs already. */
  readonly start?: () => Promise<unknown>;
}

/**
 * Attaches to a container, starts it when asked to and stays until it ends. Resolves with its exit code; 0 when the user
 * detached.
 */
export async function runAttached<T extends FlagTable>(
  ctx: CommandContext<T>,
  engine: EngineClient,
  run: AttachedRun,
): Promise<number> {
  const { id, tty, streams } = run;
  const stopProxy = run.proxySignals ? proxySignals(ctx, engine, id) : () => undefined;
  try {
    const connection = await engine.hijack('ContainerAttach', {
      params: { id },
      query: { ...streams, stream: true, detachKeys: run.detachKeys.text },
      signal: ctx.signal,
    });
    const wait = await openWait(engine, id, run.condition, ctx.signal).catch((error: unknown) => {
      connection.close();
      throw error;
    });
    const session = runSession({
      connection,
      terminal: ctx.terminal,
      tty,
      stdin: streams.stdin,
      output: streams.stdout || streams.stderr,
      detachKeys: run.detachKeys.bytes,
      signal: ctx.signal,
    });
    session.catch(() => undefined);
    let stopSize = (): void => undefined;
    try {
      await run.start?.();
      if (tty) stopSize = followSize(ctx.terminal, (size) => resizeContainer(engine, id, size));
      if ((await session) === 'detached') return 0;
      return await wait.code();
    } finally {
      stopSize();
      connection.close();
      // The session restores the terminal's mode on its way out.
      await session.catch(() => undefined);
    }
  } finally {
    stopProxy();
  }
}

function resizeContainer(
  engine: EngineClient,
  id: string,
  size: { readonly columns: number; readonly rows: number },
): Promise<unknown> {
  return engine.call('ContainerResize', { params: { id }, query: { h: String(size.rows), w: String(size.columns) } });
}

/** Passes signals of this process to the container's. A container that is gone takes none, which needs no word. */
function proxySignals<T extends FlagTable>(ctx: CommandContext<T>, engine: EngineClient, id: string): () => void {
  return ctx.signals.capture((name) => {
    engine
      .call('ContainerKill', { params: { id }, query: { signal: name.replace(/^SIG/, '') } })
      .catch(() => undefined);
  });
}
