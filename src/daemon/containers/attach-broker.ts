/**
 * The live output of one container's main process, shared out to every attached client.
 *
 *     container ── conmon ── one AttachSession ──► broker ──► client 1 (framed or raw) ──► connection
 *                                                     └─────► client 2 ...
 *     connection's input ──► session.stdin
 *
 * Invariants:
 *  1. A client added before the start sees the output from its first byte on: the session is opened before the process runs.
 *  2. The slowest client sets the pace while the container runs (as dockerd); once it has exited, what is left is read at
 *     once (no more than a socket buffer) and each client drains it at its own pace.
 *  3. A client that goes away never holds anybody up.
 */
import type { AttachSession } from '../runtime/runtime.ts';
import type { OutputStream } from './stream-framing.ts';

export interface BrokerClient {
  /** Answers when the client can take more. Never rejects. */
  write(stream: OutputStream, bytes: Uint8Array): Promise<void> | undefined;
  /** No more output will come. */
  end(): void;
}

export interface AttachBroker {
  /** Answers how to leave. */
  add(client: BrokerClient): () => void;
  hasClients(): boolean;
  /** Opens the session if there is none; the container's process must exist. */
  connect(): Promise<void>;
  /** The session's input, once there is a session. Rejects by the signal. */
  stdin(signal: AbortSignal): Promise<AttachSession['stdin']>;
  /** The container has exited: hand out what is left and end every client. */
  drain(): Promise<void>;
  /** Lets go of the session without ending the container (the daemon ends). */
  close(): void;
}

export interface BrokerOptions {
  readonly open: () => Promise<AttachSession>;
  readonly onProblem: (error: unknown) => void;
}

interface Connected {
  readonly session: AttachSession;
  readonly pumped: Promise<void>;
}

export function createAttachBroker({ open, onProblem }: BrokerOptions): AttachBroker {
  const clients = new Set<BrokerClient>();
  const stdinWaiters = new Set<(stdin: AttachSession['stdin']) => void>();
  let connecting: Promise<Connected> | undefined;
  let exited = false;

  async function pump(session: AttachSession): Promise<void> {
    try {
      for await (const { stream, bytes } of session.output) {
        const pending = [...clients].flatMap((client) => client.write(stream, bytes) ?? []);
        if (pending.length > 0 && !exited) await Promise.race([Promise.all(pending), exitedSignal.promise]);
      }
    } catch (error) {
      onProblem(error);
    }
  }

  let exitedSignal = Promise.withResolvers<void>();

  async function openSession(): Promise<Connected> {
    const session = await open();
    for (const waiter of [...stdinWaiters]) waiter(session.stdin);
    return { session, pumped: pump(session) };
  }

  function endClients(): void {
    for (const client of [...clients]) client.end();
    clients.clear();
  }

  return {
    add(client) {
      clients.add(client);
      return () => clients.delete(client);
    },
    hasClients: () => clients.size > 0,
    async connect() {
      connecting ??= openSession();
      try {
        await connecting;
      } catch (error) {
        connecting = undefined;
        throw error;
      }
    },
    async stdin(signal) {
      if (connecting) return (await connecting).session.stdin;
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<AttachSession['stdin']>();
      const onAbort = () => reject(signal.reason);
      stdinWaiters.add(resolve);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await promise;
      } finally {
        stdinWaiters.delete(resolve);
        signal.removeEventListener('abort', onAbort);
      }
    },
    async drain() {
      const current = connecting;
      connecting = undefined;
      exited = true;
      exitedSignal.resolve();
      const connected = await current?.catch(() => undefined);
      await connected?.pumped;
      connected?.session.close();
      endClients();
      exited = false;
      exitedSignal = Promise.withResolvers();
    },
    close() {
      const current = connecting;
      connecting = undefined;
      current?.then(
        ({ session }) => session.close(),
        () => undefined,
      );
      endClients();
    },
  };
}
