import { create } from 'zustand';
import type { EngineClient } from '../../../client/engine-client.ts';
import type { HijackedConnection } from '../../../client/transport.ts';
import { createTerminalSession, type TerminalSession } from '../../ui/terminal.tsx';

export type ShellState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'ended'; readonly message: string };

export interface ShellSession {
  readonly containerId: string;
  readonly shell: string;
  readonly terminal: TerminalSession;
  readonly state: ShellState;
  close(): void;
}

/** Shells by container; they live on while the user looks at other pages. */
export const useShells = create<{ readonly shells: ReadonlyMap<string, ShellSession> }>(() => ({ shells: new Map() }));

/** `auto` takes bash where the image has it. */
const commands: Readonly<Record<string, readonly string[]>> = {
  auto: ['/bin/sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'],
};

function setState(id: string, session: ShellSession | undefined): void {
  useShells.setState(({ shells }) => {
    const next = new Map(shells);
    if (session) next.set(id, session);
    else next.delete(id);
    return { shells: next };
  });
}

async function connect(
  engine: EngineClient,
  id: string,
  shell: string,
  terminal: TerminalSession,
  signal: AbortSignal,
): Promise<{ execId: string; connection: HijackedConnection }> {
  const { Id: execId } = await engine.call('ContainerExec', {
    params: { id },
    body: {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
      Cmd: commands[shell] ?? [shell],
      Env: ['TERM=xterm-256color'],
    },
    signal,
  });
  const { rows, cols } = terminal.terminal;
  const connection = await engine.hijack('ExecStart', {
    params: { id: execId },
    body: { Detach: false, Tty: true, ConsoleSize: [rows, cols] },
    signal,
  });
  return { execId, connection };
}

/** Opens a shell in a container and wires it to a terminal. */
export function openShell(engine: EngineClient, containerId: string, shell: string): void {
  useShells.getState().shells.get(containerId)?.close();
  const terminal = createTerminalSession();
  const ending = new AbortController();
  const session: ShellSession = {
    containerId,
    shell,
    terminal,
    state: { kind: 'connecting' },
    close() {
      ending.abort();
      terminal.terminal.dispose();
      setState(containerId, undefined);
    },
  };
  const update = (state: ShellState) => !ending.signal.aborted && setState(containerId, { ...session, state });
  setState(containerId, session);
  void run(engine, session, ending, update).catch((error: unknown) =>
    update({ kind: 'ended', message: error instanceof Error ? error.message : String(error) }),
  );
}

async function run(
  engine: EngineClient,
  session: ShellSession,
  ending: AbortController,
  update: (state: ShellState) => void,
): Promise<void> {
  const { terminal } = session.terminal;
  const { execId, connection } = await connect(
    engine,
    session.containerId,
    session.shell,
    session.terminal,
    ending.signal,
  );
  ending.signal.addEventListener('abort', () => connection.close());
  update({ kind: 'open' });
  const writer = connection.writable.getWriter();
  const encoder = new TextEncoder();
  // A write that fails means the connection is gone; the reading side says so below.
  const typing = terminal.onData((text) => void writer.write(encoder.encode(text)).catch(() => {}));
  const resizing = terminal.onResize(
    ({ rows, cols }) =>
      void engine
        .call('ExecResize', { params: { id: execId }, query: { h: String(rows), w: String(cols) } })
        .catch(() => {}),
  );
  void engine
    .call('ExecResize', { params: { id: execId }, query: { h: String(terminal.rows), w: String(terminal.cols) } })
    .catch(() => {});
  try {
    for await (const bytes of connection.readable) terminal.write(bytes);
  } finally {
    typing.dispose();
    resizing.dispose();
  }
  const { ExitCode } = await engine.call('ExecInspect', { params: { id: execId } });
  update({
    kind: 'ended',
    message: ExitCode === 0 ? 'The shell has ended.' : `The shell ended with exit code ${ExitCode}.`,
  });
}
