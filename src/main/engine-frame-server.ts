import { Value } from 'typebox/value';
import { FrameInbox, SendCredit } from '../client/frame-flow.ts';
import type { Transport } from '../client/transport.ts';
import { initialCredit, type MainFrame, maxFrameBytes, RendererFrame } from '../contract/engine-frames.ts';
import { WharfError } from '../contract/errors.ts';
import { toWireError } from '../contract/host-api.ts';

const maxStreams = 256;

type Open = Extract<RendererFrame, { type: 'open' }>;
type Send = (frame: MainFrame) => void;

/** Main's end of the engine relay for one window. Frames come from a page, so every one is checked. */
export class EngineFrameServer implements Disposable {
  readonly #relay: Transport;
  readonly #send: Send;
  readonly #streams = new Map<number, ServedStream>();

  constructor(relay: Transport, send: Send) {
    this.#relay = relay;
    this.#send = send;
  }

  receive(frame: unknown): void {
    if (!Value.Check(RendererFrame, frame) || !hasBytes(frame)) return;
    const known = this.#streams.get(frame.id);
    if (frame.type === 'open') {
      if (known !== undefined) return;
      this.#open(frame);
      return;
    }
    known?.receive(frame);
  }

  /** Ends every stream: the page is gone, or another one takes its place. */
  closeAll(): void {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  [Symbol.dispose](): void {
    this.closeAll();
  }

  #open(frame: Open): void {
    const { id } = frame;
    if (this.#streams.size >= maxStreams) {
      const error = toWireError(new WharfError('request.conflict', `${maxStreams} requests are under way already`));
      this.#send({ type: 'fail', id, error });
      return;
    }
    const stream = new ServedStream(id, this.#send);
    this.#streams.set(id, stream);
    stream
      .serve(this.#relay, frame)
      .catch((error) => stream.fail(error))
      .finally(() => {
        stream.close();
        this.#streams.delete(id);
      });
  }
}

function hasBytes(frame: RendererFrame): boolean {
  if (frame.type === 'data') return frame.bytes instanceof Uint8Array && frame.bytes.length <= maxFrameBytes;
  return frame.type !== 'open' || frame.body === undefined || frame.body instanceof Uint8Array;
}

class ServedStream {
  readonly #id: number;
  readonly #send: Send;
  readonly #abort = new AbortController();
  readonly #credit = new SendCredit(initialCredit);
  readonly #inbox: FrameInbox;

  constructor(id: number, send: Send) {
    this.#id = id;
    this.#send = send;
    this.#inbox = new FrameInbox({
      taken: (bytes) => this.#answer({ type: 'credit', id, bytes }),
      cancelled: () => {},
    });
  }

  receive(frame: RendererFrame): void {
    switch (frame.type) {
      case 'data':
        this.#inbox.push(frame.bytes);
        // More than the page was allowed to send: it does not keep to the protocol.
        if (this.#inbox.waitingBytes > initialCredit + maxFrameBytes) this.close();
        break;
      case 'end':
        this.#inbox.end();
        break;
      case 'credit':
        this.#credit.add(frame.bytes);
        break;
      case 'abort':
        this.close();
        break;
      case 'open':
        break;
    }
  }

  async serve(relay: Transport, { kind, method, path, headers, body, streamed }: Open): Promise<void> {
    const { signal } = this.#abort;
    if (kind === 'request') {
      const upload = streamed ? this.#inbox.stream : body;
      const answer = await relay.request({ method, path, headers, body: upload }, { signal });
      this.#answer({ type: 'head', id: this.#id, status: answer.status, headers: { ...answer.headers } });
      await this.#sendAll(answer.body);
      return;
    }
    const connection = await relay.hijack({ method, path, headers, body }, { signal });
    const close = () => connection.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      this.#answer({ type: 'head', id: this.#id, status: 101, headers: { ...connection.headers } });
      // Input that can not be written any more ends with the connection; what the engine still says is sent on.
      this.#inbox.stream.pipeTo(connection.writable, { signal }).catch(() => {});
      await this.#sendAll(connection.readable);
    } finally {
      signal.removeEventListener('abort', close);
      connection.close();
    }
  }

  fail(error: unknown): void {
    this.#answer({ type: 'fail', id: this.#id, error: toWireError(error) });
  }

  close(): void {
    this.#abort.abort(new WharfError('request.cancelled', 'the window ended the request', { hint: '' }));
    this.#credit.close();
    this.#inbox.fail(this.#abort.signal.reason);
  }

  async #sendAll(body: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of body) {
      for (let at = 0; at < bytes.length; at += maxFrameBytes) {
        const piece = bytes.slice(at, at + maxFrameBytes);
        await this.#credit.take(piece.length);
        this.#abort.signal.throwIfAborted();
        this.#answer({ type: 'data', id: this.#id, bytes: piece });
      }
    }
    this.#answer({ type: 'end', id: this.#id });
  }

  #answer(frame: MainFrame): void {
    if (!this.#abort.signal.aborted) this.#send(frame);
  }
}
