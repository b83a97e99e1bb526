import { EventEmitter } from 'node:events';

export type CdpParams = Record<string, unknown>;
type Waiting = { resolve: (result: CdpParams) => void; reject: (error: Error) => void };
interface CdpMessage {
  readonly id?: number;
  readonly method?: string;
  readonly params?: CdpParams;
  readonly sessionId?: string;
  readonly result?: CdpParams;
  readonly error?: { readonly message: string };
}

/** A DevTools protocol client with flat sessions: just what the stand-in needs. */
export class CdpConnection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #events = new EventEmitter().setMaxListeners(0);
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(JSON.parse(String(event.data)));
  }

  static async open(url: string): Promise<CdpConnection> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`stand-in: no DevTools connection at ${url}`));
    });
    return new CdpConnection(socket);
  }

  send(method: string, params: CdpParams = {}, sessionId?: string): Promise<CdpParams> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  /** @param sessionId of one page; '' for the browser itself */
  on(sessionId: string, method: string, listener: (params: CdpParams) => void): void {
    this.#events.on(`${sessionId}:${method}`, listener);
  }

  #receive(message: CdpMessage): void {
    if (message.id === undefined) {
      this.#events.emit(`${message.sessionId ?? ''}:${message.method}`, message.params ?? {});
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result ?? {});
    else waiting?.reject(new Error(message.error.message));
  }
}

/** A field of a protocol message as text; '' when it is none. */
export function textOf(params: CdpParams, ...keys: string[]): string {
  const value = fieldOf(params, ...keys);
  return typeof value === 'string' ? value : '';
}

export function fieldOf(params: unknown, ...keys: string[]): unknown {
  let value = params;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
