import { initialCredit, type MainFrame, maxFrameBytes, type RendererFrame } from '../contract/engine-frames.ts';
import { WharfError } from '../contract/errors.ts';
import { type EnginePort, fromWireError } from '../contract/host-api.ts';
import { FrameInbox, SendCredit } from './frame-flow.ts';
import type { HijackedConnection, Transport, WireRequest, WireResponse } from './transport.ts';

type Head = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/**
 * The engine from a window of the desktop app: frames (contract/engine-frames.ts) over a port to the main process, which
 * holds the connection. Many requests share the port; each has its own flow of credit, so a slow one holds up no other.
 */
export function createPortTransport(port: EnginePort): Transport {
  const streams = new Map<number, PortStream>();
  // Random, so that frames meant for the page before a reload never fit a stream of this one.
  let lastId = Math.floor(Math.random() * 2 ** 40);
  port.listen((frame) => {
    // Main is trusted: it checks what it sends; a frame for a stream that has ended meanwhile is dropped.
    const message = frame as MainFrame;
    streams.get(message.id)?.receive(message);
  });

  async function open(kind: 'request' | 'hijack', request: WireRequest, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    const id = ++lastId;
    const stream = new PortStream(
      id,
      (frame) => port.post(frame),
      () => streams.delete(id),
    );
    streams.set(id, stream);
    const abort = () => stream.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    stream.ended.finally(() => signal?.removeEventListener('abort', abort));
    const { method, path, headers = {}, body } = request;
    const streamed = body !== undefined && !(body instanceof Uint8Array);
    const whole = body instanceof Uint8Array ? { body } : {};
    port.post({ type: 'open', id, kind, method, path, headers, streamed, ...whole } satisfies RendererFrame);
    if (streamed) void stream.sendAll(body);
    return { stream, head: await stream.head };
  }

  return {
    async request(request, { signal } = {}): Promise<WireResponse> {
      const { stream, head } = await open('request', request, signal);
      return { ...head, body: stream.readable };
    },
    async hijack(request, { signal } = {}): Promise<HijackedConnection> {
      const { stream, head } = await open('hijack', request, signal);
      return {
        headers: head.headers,
        readable: stream.readable,
        writable: stream.writable,
        closeWrite: async () => stream.closeWrite(),
        close: () => stream.abort(new WharfError('request.cancelled', 'the connection was closed', { hint: '' })),
      };
    },
  };
}

/** The window's end of one stream. */
class PortStream {
  readonly head: Promise<Head>;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Settles when nothing more comes from main. */
  readonly ended: Promise<void>;
  readonly #id: number;
  readonly #post: (frame: RendererFrame) => void;
  readonly #head = Promise.withResolvers<Head>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #credit = new SendCredit(initialCredit);
  readonly #inbox: FrameInbox;
  readonly #forget: () => void;
  #over = false;
  #writeEnded = false;

  constructor(id: number, post: (frame: RendererFrame) => void, forget: () => void) {
    this.#id = id;
    this.#post = post;
    this.#forget = forget;
    this.head = this.#head.promise;
    this.head.catch(() => {});
    this.ended = this.#ended.promise;
    this.#inbox = new FrameInbox({
      taken: (bytes) => {
        if (!this.#over) post({ type: 'credit', id, bytes });
      },
      cancelled: () =>
        this.abort(new WharfError('request.cancelled', 'nobody reads the answer any more', { hint: '' })),
    });
    this.readable = this.#inbox.stream;
    this.writable = new WritableStream({
      write: (bytes) => this.#send(bytes),
      close: () => this.closeWrite(),
      abort: (reason) => this.abort(reason),
    });
  }

  receive(frame: MainFrame): void {
    switch (frame.type) {
      case 'head':
        this.#head.resolve({ status: frame.status, headers: frame.headers });
        break;
      case 'data':
        this.#inbox.push(frame.bytes);
        break;
      case 'credit':
        this.#credit.add(frame.bytes);
        break;
      case 'end':
        this.#inbox.end();
        this.#finish(undefined);
        break;
      case 'fail':
        this.#fail(fromWireError(frame.error));
        break;
    }
  }

  abort(reason: unknown): void {
    if (this.#over) return;
    this.#post({ type: 'abort', id: this.#id });
    this.#fail(reason ?? new WharfError('request.cancelled', 'cancelled', { hint: '' }));
  }

  closeWrite(): void {
    if (this.#writeEnded || this.#over) return;
    this.#writeEnded = true;
    this.#post({ type: 'end', id: this.#id });
  }

  async sendAll(body: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const bytes of body) await this.#send(bytes);
      this.closeWrite();
    } catch (error) {
      // The engine answered before it had read all, which is its right; otherwise the body broke and so does the request.
      this.abort(error);
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += maxFrameBytes) {
      const piece = bytes.slice(at, at + maxFrameBytes);
      await this.#credit.take(piece.length);
      if (this.#over || this.#writeEnded) {
        throw new WharfError('daemon.unreachable', 'the connection to the engine is closed', { hint: '' });
      }
      this.#post({ type: 'data', id: this.#id, bytes: piece });
    }
  }

  #fail(error: unknown): void {
    this.#head.reject(error);
    this.#inbox.fail(error);
    this.#finish(error);
  }

  #finish(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#credit.close();
    this.#head.reject(error ?? new WharfError('engine.protocol', 'the answer ended before it began'));
    this.#forget();
    this.#ended.resolve();
  }
}
