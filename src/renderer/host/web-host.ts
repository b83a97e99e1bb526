import { WharfError } from '../../contract/errors.ts';
import {
  gatewayHeader,
  gatewayPaths,
  type HostSocketEvent,
  type HostSocketReply,
} from '../../contract/gateway-protocol.ts';
import {
  fromWireError,
  type HostApi,
  type HostInput,
  type HostMethod,
  type HostOutput,
  type HostReply,
  hostMethods,
} from '../../contract/host-api.ts';

type Listener = (payload: never) => void;

/** The gateway's one host socket: events in, ordered calls out. Reconnects with back-off; what was under way then fails. */
class HostSocket {
  #socket: WebSocket | undefined;
  #lastId = 0;
  #backoffMs = 250;
  readonly #waiting = new Map<number, PromiseWithResolvers<HostReply>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #opened: (() => void)[] = [];

  constructor() {
    this.#connect();
  }

  #connect(): void {
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${gatewayPaths.hostSocket}`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#backoffMs = 250;
      for (const resume of this.#opened.splice(0)) resume();
    };
    socket.onmessage = (message) => this.#receive(JSON.parse(String(message.data)));
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values())
        reject(new WharfError('daemon.unreachable', 'The connection to Wharf was lost'));
      this.#waiting.clear();
      setTimeout(() => this.#connect(), this.#backoffMs);
      this.#backoffMs = Math.min(this.#backoffMs * 2, 8000);
    };
  }

  #receive(message: HostSocketEvent | HostSocketReply): void {
    if ('reply' in message) {
      this.#waiting.get(message.id)?.resolve(message.reply);
      this.#waiting.delete(message.id);
      return;
    }
    for (const listener of this.#listeners.get(message.event) ?? []) listener(message.payload as never);
  }

  async call(method: string, input: unknown): Promise<HostReply> {
    if (this.#socket?.readyState !== WebSocket.OPEN) await new Promise<void>((resume) => this.#opened.push(resume));
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<HostReply>();
    this.#waiting.set(id, waiting);
    this.#socket?.send(JSON.stringify({ id, method, input }));
    return waiting.promise;
  }

  on(event: string, listener: Listener): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set.add(listener));
    return () => set.delete(listener);
  }
}

/** What a browser does by itself, on the user's side; the gateway's machine may be another one. */
const inBrowser: Partial<{ [M in HostMethod]: (input: HostInput<M>) => Promise<HostOutput<M>> }> = {
  async 'shell.openExternal'({ url }) {
    window.open(url, '_blank', 'noopener,noreferrer');
    return null;
  },
  async 'clipboard.writeText'({ text }) {
    await navigator.clipboard.writeText(text);
    return null;
  },
};

/** HostApi over the web gateway: a POST a call, and one WebSocket for events and for calls that must keep their order. */
export function createWebHost(): HostApi {
  const socket = new HostSocket();
  const post = async (method: string, input: unknown): Promise<HostReply> => {
    const response = await fetch(`${gatewayPaths.host}/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [gatewayHeader]: '1' },
      body: JSON.stringify(input ?? null),
    }).catch((cause: unknown) => {
      throw new WharfError('daemon.unreachable', 'Wharf does not answer', { cause });
    });
    if (response.status === 401 || response.status === 403)
      throw new WharfError('auth.required', 'This session has ended', {
        hint: 'Open a fresh sign-in link from the terminal where Wharf runs.',
      });
    return response.json();
  };
  return {
    kind: 'web',
    async invoke(method, input) {
      const local = inBrowser[method];
      if (local) return local(input);
      const spec: { ordered?: boolean } = hostMethods[method];
      const reply = await (spec.ordered ? socket.call(method, input) : post(method, input));
      if (!reply.ok) throw fromWireError(reply.error);
      return reply.value as never;
    },
    on: (event, listener) => socket.on(event, listener as Listener),
  };
}
